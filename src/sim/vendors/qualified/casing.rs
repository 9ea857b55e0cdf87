//! Names in both spellings: requests come in either, answers go out in camelCase, webhooks in snake_case.

pub(super) fn camel(snake: &str) -> String {
    let mut words = snake.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |text, word| {
        let mut letters = word.chars();
        let head = letters.next().map(|letter| letter.to_ascii_uppercase());
        text + &head.into_iter().collect::<String>() + letters.as_str()
    })
}

pub(super) fn snake(camel: &str) -> String {
    camel.chars().fold(String::new(), |mut text, letter| {
        if letter.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
        text
    })
}
