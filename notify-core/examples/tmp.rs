use notify_core::__private::{Arguments, Site};
use std::sync::OnceLock;
static SITE: Site = Site {
    package: None,
    binary: None,
    version: None,
    module: module_path!(),
    function: "job",
    file: file!(),
    line: line!(),
    test: false,
    debug: true,
    type_name: || "",
    arguments: || Arguments::default(),
    job: OnceLock::new(),
};
fn main() {
    let mode = std::env::args().nth(1).unwrap();
    let n: u32 = std::env::args().nth(2).map_or(1, |n| n.parse().unwrap());
    let t = std::time::Instant::now();
    for i in 0..n {
        notify_core::__tmp::run(&SITE, || match &*mode {
            "ok" => Ok(()),
            "err" => Err("bad thing\n caused by: x".into()),
            "exit3" => std::process::exit(3),
            "exit0" => std::process::exit(0),
            "flip" => {
                if i % 2 == 0 {
                    Err("odd".into())
                } else {
                    Ok(())
                }
            }
            "sleep" => {
                std::thread::sleep(std::time::Duration::from_secs(20));
                Ok(())
            }
            _ => panic!("no"),
        });
    }
    eprintln!("{:?}/call", t.elapsed() / n);
}
