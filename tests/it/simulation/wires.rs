//! The two ways between leverd and the world: its calls out, and the world's webhooks in. Each ends as the weather says.

use super::weather::{CallFate, Weather};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use leverd::http::{Broken, Carried, Wire};
use leverd::sim::Sim;
use leverd::store::Store;
use std::fmt::{Debug, Formatter};
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tower::ServiceExt as _;

/// From one process of leverd's to the world.
pub(super) struct Out {
    pub(super) weather: Arc<Weather>,
    pub(super) world: Arc<Mutex<Option<Arc<Sim>>>>,
    pub(super) process: u64,
    /// Dies with the process.
    pub(super) store: Store,
}

impl Debug for Out {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "Out({})", self.process)
    }
}

impl Out {
    async fn die<T>(&self, when: &str) -> T {
        self.store.die();
        self.weather.death(self.process, when);
        pending().await
    }
}

impl Wire for Out {
    fn carry(&self, request: reqwest::Request) -> Carried<'_> {
        Box::pin(async move {
            if !self.weather.lives(self.process) {
                return pending().await;
            }
            let line = format!("{} {}", request.method(), request.url().path());
            let fate = self.weather.call(request.url().path(), request.method() == reqwest::Method::GET);
            if !matches!(fate, CallFate::Answered { .. }) {
                self.weather.story.tell(format!("{line}: {fate:?}"));
            }
            let Some(world) = self.world.lock().unwrap().clone() else { return pending().await };
            match fate {
                CallFate::Answered { after } => {
                    // Half of the time there, half of it back.
                    tokio::time::sleep(after / 2).await;
                    if !self.weather.lives(self.process) {
                        return pending().await;
                    }
                    let answer = world.answer(body_of(request)).await;
                    tokio::time::sleep(after / 2).await;
                    answer.ok_or_else(|| Broken::Lost("the connection broke off".to_owned()))
                }
                CallFate::NoConnection => Err(Broken::NotSent("no connection".to_owned())),
                CallFate::LostUnapplied => {
                    tokio::time::sleep(Duration::from_millis(300)).await;
                    Err(Broken::Lost("the connection broke off".to_owned()))
                }
                CallFate::LostApplied => {
                    world.answer(body_of(request)).await;
                    Err(Broken::Lost("the connection broke off".to_owned()))
                }
                CallFate::TooSlow { arrives } => {
                    // The worst of all.
                    tokio::spawn(async move {
                        tokio::time::sleep(arrives).await;
                        world.answer(body_of(request)).await;
                    });
                    pending().await
                }
                CallFate::Status(status) => {
                    let mut answer =
                        Response::new(b"{\"code\":\"SimulatedFault\",\"message\":\"a fault of the weather\"}".to_vec());
                    *answer.status_mut() = status.try_into().unwrap();
                    Ok(answer)
                }
                CallFate::DiesBefore => self.die(&format!("before {line}")).await,
                CallFate::DiesAfter => {
                    world.answer(body_of(request)).await;
                    self.die(&format!("after {line}")).await
                }
            }
        })
    }
}

/// The same request, as a server takes it.
fn body_of(request: reqwest::Request) -> Request<Body> {
    let host = request.url().authority().to_owned();
    let mut request = Request::<reqwest::Body>::try_from(request).unwrap().map(Body::new);
    request.headers_mut().insert("host", host.parse().unwrap());
    request
}

/// From the world to whichever process lives.
pub(super) struct In {
    pub(super) weather: Arc<Weather>,
    pub(super) door: Arc<Mutex<Option<Router>>>,
}

impl Debug for In {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "In")
    }
}

/// Knocks once; `None` where nobody is at home, or whoever opened died.
async fn knock(door: Arc<Mutex<Option<Router>>>, request: Request<Body>) -> Option<Response<Vec<u8>>> {
    let router = door.lock().unwrap().clone()?;
    let Ok(answer) = router.oneshot(request).await;
    let (parts, body) = answer.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.ok()?;
    Some(Response::from_parts(parts, body.to_vec()))
}

impl Wire for In {
    fn carry(&self, request: reqwest::Request) -> Carried<'_> {
        Box::pin(async move {
            let line = format!("{} {}", request.method(), request.url().path());
            let fate = self.weather.post();
            let bytes = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default().to_vec();
            let (parts, _) = body_of(request).into_parts();
            let copy = || {
                let mut copy = Request::new(Body::from(bytes.clone()));
                *copy.method_mut() = parts.method.clone();
                *copy.uri_mut() = parts.uri.path().parse().unwrap();
                *copy.headers_mut() = parts.headers.clone();
                copy
            };
            if fate.vanishes {
                self.weather.story.tell(format!("{line}: it vanishes, and a proxy says 200"));
                return Ok(Response::new(Vec::new()));
            }
            if let Some(later) = fate.again_after {
                let (door, again) = (Arc::clone(&self.door), copy());
                tokio::spawn(async move {
                    tokio::time::sleep(later).await;
                    knock(door, again).await;
                });
            }
            let knocked = knock(Arc::clone(&self.door), copy());
            let arrives = async move {
                tokio::time::sleep(fate.after).await;
                knocked.await
            };
            // It travels on when the sender has given up.
            let answer = tokio::spawn(arrives).await.ok().flatten();
            match answer {
                Some(answer) if !fate.unheard => Ok(answer),
                Some(_) => Err(Broken::Lost("the connection broke off".to_owned())),
                None => Err(Broken::NotSent("no connection".to_owned())),
            }
        })
    }
}
