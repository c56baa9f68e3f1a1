use spira_chart_gen::{
    Subject, emit,
    prove::{Effort, prove},
    trace::trace,
};
fn main() {
    for component in spira_manifests::components::all() {
        let subject = Subject::component(&component);
        let t = std::time::Instant::now();
        let traced = match trace(&subject) {
            Ok(t) => t,
            Err(e) => {
                println!("TRACE {e}");
                continue;
            }
        };
        println!(
            "{}: {} choices {} runs {} rounds {:?}",
            component.name,
            traced.samples.choices.len(),
            traced.runs,
            traced.rounds,
            t.elapsed()
        );
        let t = std::time::Instant::now();
        match prove(&subject, &traced, Effort::default()) {
            Ok(p) => println!("{p:?} {:?}", t.elapsed()),
            Err(e) => println!("PROVE {e} {:?}", t.elapsed()),
        }
        match emit::templates(component.name, &traced, component.source) {
            Ok(files) => {
                for f in files {
                    let p = format!("/tmp/dump/{}/{}", component.name, f.path);
                    std::fs::create_dir_all(std::path::Path::new(&p).parent().unwrap()).unwrap();
                    std::fs::write(p, f.text).unwrap();
                }
            }
            Err(e) => println!("EMIT {e}"),
        }
    }
}
