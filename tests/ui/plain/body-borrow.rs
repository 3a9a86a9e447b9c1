
fn run() -> usize {
    let mut values = vec![1];
    let first = &values[0];
    values.push(2);
    *first
}


async fn load(text: String) -> String {
    drop(text);
    text
}

fn main() {
    run();
    let _ = load(String::new());
}
