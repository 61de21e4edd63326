//! What the README and docs/ show is what the program says.

#[test]
fn every_command_of_the_readme_and_of_docs_says_what_stands_there() {
    trycmd::TestCases::new()
        .env("NO_COLOR", "1")
        .register_bin("cargo", trycmd::schema::Bin::Ignore)
        .register_bin("sudo", trycmd::schema::Bin::Ignore)
        .register_bin("tests/run", trycmd::schema::Bin::Ignore)
        .register_bin("promtool", trycmd::schema::Bin::Ignore)
        .case("README.md")
        .case("docs/*.md");
}
