//! The library, as its README has it; the environment says where.

mod common;

#[pipeline_notify::notify]
fn job(fails: bool) -> Result<(), String> {
    if fails {
        return Err(common::ERROR.to_owned());
    }
    Ok(())
}

fn main() {
    common::run(|fails| {
        let _ = job(fails);
    });
}
