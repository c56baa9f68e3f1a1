#[test]
#[ignore = "temporary"]
fn write_chart() {
    let options = spira_chart_gen::compile::Options { effort: Some(spira_chart_gen::prove::Effort::default()) };
    let charts = spira_chart_gen::chart::generate(&options, &|_| {}).expect("chart");
    let written = spira_chart_gen::output::write(&xtask::project::root().join("charts"), &charts.files).expect("written");
    println!("{} changed", written.changed);
}
