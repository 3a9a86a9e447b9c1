#[pipeline_notify::notify]
fn run(table: ) -> u8 {
    1
}

fn main() {}
