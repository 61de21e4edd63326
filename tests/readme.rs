//! What the README shows is what the program says.

#[test]
fn every_command_of_the_readme_says_what_stands_there() {
    trycmd::TestCases::new()
        .env("NO_COLOR", "1")
        .register_bin("cargo", trycmd::schema::Bin::Ignore)
        .register_bin("sudo", trycmd::schema::Bin::Ignore)
        .register_bin("tests/run", trycmd::schema::Bin::Ignore)
        .case("README.md");
}
