//! The client against a real server on loopback: what is answered, not sent or lost, and where it refuses to go.

use axum::Router;
use axum::body::Bytes;

use axum::http::{HeaderMap, Method as Verb, StatusCode, Uri};
use axum::response::IntoResponse;
use axum::routing::any;
use leverd::http::{AllowedHost, Auth, Client, Endpoint, Limits};
use leverd::model::{Body, Destination, Exchange, HeaderText, Method, Request, Response, Secret};
use serde_json::json;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use url::Url;

/// What the server saw: method, path with query, authorization, own header, body.
type Seen = Arc<Mutex<Vec<(String, String, Option<String>, Option<String>, String)>>>;

/// A server whose paths say what they do. Gives its address and what it sees.
async fn server() -> (String, Seen) {
    let seen = Seen::default();
    let log = Arc::clone(&seen);
    let answer = move |verb: Verb, uri: Uri, headers: HeaderMap, body: Bytes| {
        let log = Arc::clone(&log);
        async move {
            let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
            let body = String::from_utf8_lossy(&body).into_owned();
            log.lock().unwrap().push((verb.to_string(), uri.to_string(), header("authorization"), header("x-key"), body));
            let to = |status: u16, location: String| {
                (StatusCode::from_u16(status).unwrap(), [("location", location)]).into_response()
            };
            let mut parts = uri.path().trim_start_matches('/').splitn(3, '/');
            match (parts.next().unwrap(), parts.next(), parts.next()) {
                ("redirect", Some(status), Some(rest)) => to(status.parse().unwrap(), format!("/{rest}")),
                ("away", Some(status), Some(rest)) => to(status.parse().unwrap(), format!("http://{rest}")),
                ("loop", ..) => to(302, "/loop".to_owned()),
                ("big", ..) => "x".repeat(2000).into_response(),
                ("slow", ..) => std::future::pending().await,
                _ => (StatusCode::OK, [("set-cookie", "a=b")], "{\"data\":{}}").into_response(),
            }
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(any(answer))).await });
    (address, seen)
}

fn endpoint(address: &str) -> Endpoint {
    let base = Url::parse(&format!("http://{address}")).unwrap();
    Endpoint::lever(base, Auth::Basic { user: Secret::new("key"), password: None })
}

fn request(method: Method, path: &str) -> Request {
    Request::new(Destination::Lever, method, path)
}

fn client() -> Client {
    Client::new(Limits::default())
}

fn status(exchange: &Exchange) -> u16 {
    match exchange {
        Exchange::Answered(response) => response.status,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_request_arrives_as_it_was_meant() {
    let (address, seen) = server().await;
    let mut post = request(Method::Post, "/opportunities/a%2Fb/notes").query("perform_as", "u 1").json(json!({ "value": "ü" }));
    post.headers.push(("x-key".to_owned(), HeaderText::Secret(Secret::new("s3cret"))));
    let exchange = client().send(&post, &endpoint(&address)).await;
    let Exchange::Answered(response) = exchange else { panic!() };
    assert_eq!((response.status, response.header("set-cookie")), (200, None));
    let basic = Some("Basic a2V5Og==".to_owned());
    let expected = (
        "POST".into(),
        "/opportunities/a%2Fb/notes?perform_as=u%201".into(),
        basic,
        Some("s3cret".into()),
        "{\"value\":\"ü\"}".into(),
    );
    assert_eq!(*seen.lock().unwrap(), [expected]);
}

#[tokio::test]
async fn reads_follow_redirects_and_no_more_than_five() {
    let (address, seen) = server().await;
    let (client, endpoint) = (client(), endpoint(&address));
    for code in [301, 302, 303, 307, 308] {
        let exchange = client.send(&request(Method::Get, &format!("/redirect/{code}/here")), &endpoint).await;
        assert_eq!(status(&exchange), 200, "{code}");
        let last = seen.lock().unwrap().last().cloned().unwrap();
        assert_eq!((last.1.as_str(), last.2.is_some()), ("/here", true), "{code}: the same host gets the credentials");
    }
    seen.lock().unwrap().clear();
    assert_eq!(status(&client.send(&request(Method::Get, "/loop"), &endpoint).await), 302);
    assert_eq!(seen.lock().unwrap().len(), 6);
}

#[tokio::test]
async fn a_write_keeps_its_method_once_and_never_becomes_a_get() {
    let (address, seen) = server().await;
    let (client, endpoint) = (client(), endpoint(&address));
    let put = |path: &str| request(Method::Put, path).json(json!({ "stage": "s" }));
    assert_eq!(status(&client.send(&put("/redirect/301/here"), &endpoint).await), 200);
    let calls: Vec<_> = seen.lock().unwrap().drain(..).map(|call| (call.0, call.1, call.4)).collect();
    let body = "{\"stage\":\"s\"}".to_owned();
    assert_eq!(
        calls,
        [("PUT".into(), "/redirect/301/here".into(), body.clone()), ("PUT".to_owned(), "/here".to_owned(), body)]
    );
    assert_eq!(status(&client.send(&put("/redirect/308/redirect/308/here"), &endpoint).await), 308, "once only");
    assert_eq!(status(&client.send(&put("/redirect/302/here"), &endpoint).await), 302);
    let vendor = Request { to: Destination::Vendor("v".into()), ..put("/redirect/307/here") };
    assert_eq!(status(&client.send(&vendor, &endpoint).await), 307, "a vendor's write follows nothing");
    assert!(seen.lock().unwrap().iter().all(|call| call.0 == "PUT"));
}

#[tokio::test]
async fn nobody_else_is_asked() {
    let (address, _) = server().await;
    let (other, seen) = server().await;
    let (client, endpoint) = (client(), endpoint(&address));
    for method in [Method::Get, Method::Post] {
        let away = client.send(&request(method, &format!("/away/307/{other}/here")), &endpoint).await;
        assert_eq!(status(&away), 307, "the redirecting answer is the answer");
        let absolute = client.send(&request(method, &format!("http://{other}/here")), &endpoint).await;
        assert!(matches!(absolute, Exchange::NotSent(_)), "{absolute:?}");
    }
    assert_eq!(seen.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn private_addresses_are_refused_unless_the_configuration_names_them() {
    let (address, seen) = server().await;
    let port = address.rsplit(':').next().unwrap();
    let allowed = |host: &str| Endpoint {
        hosts: vec![AllowedHost { host: host.to_owned(), credentials: true }],
        ..Endpoint::new(Url::parse("https://api.example.com").unwrap(), Auth::None)
    };
    for host in ["127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "localhost"] {
        // A name is refused when it is resolved; that needs root certificates here, so `guard` tests it apart.
        let exchange = client().send(&request(Method::Get, &format!("https://{host}/x")), &allowed(host)).await;
        let ours = |cause: &str| host == "localhost" || cause.starts_with("leverd does not ask");
        assert!(matches!(&exchange, Exchange::NotSent(cause) if ours(cause)), "{host}: {exchange:?}");
    }
    // The configuration's own host and port may be here.
    let named = Endpoint::new(Url::parse(&format!("http://localhost:{port}")).unwrap(), Auth::None);
    assert_eq!(status(&client().send(&request(Method::Get, "/x"), &named).await), 200);
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_large_answer_keeps_its_status_and_loses_its_body() {
    let (address, _) = server().await;
    let limited = |answer| Client::new(Limits { answer, ..Limits::default() });
    for method in [Method::Get, Method::Post] {
        let Exchange::Answered(response) = limited(1999).send(&request(method, "/big"), &endpoint(&address)).await else {
            panic!()
        };
        assert_eq!((response.status, response.body.len(), response.header(Response::OVERSIZED)), (200, 0, Some("1999")));
    }
    let endpoint = Endpoint { max_answer: Some(2000), ..endpoint(&address) };
    let Exchange::Answered(response) = limited(1).send(&request(Method::Get, "/big"), &endpoint).await else { panic!() };
    assert_eq!((response.body.len(), response.header(Response::OVERSIZED)), (2000, None));
}

#[tokio::test]
async fn no_answer_is_lost_and_no_connection_is_not_sent() {
    let (address, _) = server().await;
    let hurried = Client::new(Limits { whole: Duration::from_millis(200), ..Limits::default() });
    let slow = hurried.send(&request(Method::Post, "/slow"), &endpoint(&address)).await;
    assert_eq!(slow, Exchange::Lost("it took too long".into()));
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    let refused = client().send(&request(Method::Post, "/x?key=s3cret"), &endpoint(&closed)).await;
    assert!(
        matches!(&refused, Exchange::NotSent(cause) if cause.starts_with("no connection") && !cause.contains("s3cret")),
        "{refused:?}"
    );
    let unnamed = Endpoint::new(Url::parse("https://no-such-host.invalid").unwrap(), Auth::None);
    assert!(matches!(client().send(&request(Method::Get, "/x"), &unnamed).await, Exchange::NotSent(_)));
}

/// A server that answers every connection with these bytes and hangs up.
async fn raw(bytes: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut buffer = [0; 4096];
            let _ = socket.read(&mut buffer).await;
            let _ = socket.write_all(bytes.as_bytes()).await;
        }
    });
    address
}

#[tokio::test]
async fn an_answer_that_breaks_off_decides_a_write_by_its_status() {
    let broken = raw("HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\n{\"data\":").await;
    assert_eq!(status(&client().send(&request(Method::Post, "/x"), &endpoint(&broken)).await), 201);
    assert!(matches!(client().send(&request(Method::Get, "/x"), &endpoint(&broken)).await, Exchange::Lost(_)));
    let silent = raw("").await;
    assert!(matches!(client().send(&request(Method::Post, "/x"), &endpoint(&silent)).await, Exchange::Lost(_)));
}

#[tokio::test]
async fn bodies_travel_in_their_kinds() {
    let (address, seen) = server().await;
    let file =
        Body::File { part: "file".into(), name: "r.pdf".into(), media_type: "application/pdf".into(), bytes: b"%PDF".to_vec() };
    for body in [
        Body::Form(vec![("a b".into(), "c&d".into())]),
        Body::Text { media_type: "text/plain".into(), text: "hi".into() },
        file,
    ] {
        let post = Request { body, ..request(Method::Post, "/x") };
        assert_eq!(status(&client().send(&post, &endpoint(&address)).await), 200);
    }
    let seen = seen.lock().unwrap();
    assert_eq!((seen[0].4.as_str(), seen[1].4.as_str()), ("a+b=c%26d", "hi"));
    assert!(seen[2].4.contains("name=\"file\"; filename=\"r.pdf\"") && seen[2].4.contains("%PDF"));
}
