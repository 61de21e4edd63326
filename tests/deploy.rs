//! The files under deploy/ and examples/ speak of what there is, and of the same.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/tool.rs"]
mod tool;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use bailiwick::app::STOP;
use serde_json::Value;
use tool::tool;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn strings(value: &Value) -> Vec<&str> {
    list(value).map(|one| one.as_str().unwrap()).collect()
}

/// Seconds, from `60s`, `60` or `1min`.
fn seconds(text: &str) -> u64 {
    text.trim_end_matches('s').parse().unwrap()
}

#[test]
fn the_configurations_for_users_are_valid() {
    // The compose file puts the two side by side.
    let folder = tempfile::tempdir().unwrap();
    for file in ["examples/bailiwick.yaml", "deploy/bailiwick.yaml"] {
        let path = folder.path().join("bailiwick.yaml");
        std::fs::write(&path, read(file)).unwrap();
        std::fs::write(folder.path().join("tenants.yaml"), read("examples/tenants.yaml")).unwrap();
        valid(&path);
    }
}

fn valid(configuration: &Path) {
    let ended = Command::new(env!("CARGO_BIN_EXE_bailiwick"))
        .args(["validate", "-c"])
        .arg(configuration)
        .output()
        .unwrap();
    let (file, why) = (configuration.display(), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{file}: {why}");
}

#[test]
fn what_the_compose_file_mounts_is_there_and_what_it_waits_for_too() {
    let compose = yaml(&read("deploy/compose.yaml"));
    let services = compose["services"].as_object().unwrap();
    let mut mounted = BTreeMap::new();
    for (name, service) in services {
        for volume in strings(&service["volumes"]) {
            let [from, to, "ro"] = volume.split(':').collect::<Vec<_>>()[..] else {
                panic!("{name}: {volume} is not mounted for reading alone")
            };
            assert!(root().join("deploy").join(from).exists(), "{name}: {from}");
            mounted.insert((name.as_str(), to.to_owned()), root().join("deploy").join(from));
        }
        for other in service["depends_on"].as_object().into_iter().flatten() {
            assert!(services.contains_key(other.0), "{name} waits for {}", other.0);
        }
        for port in strings(&service["ports"]) {
            assert!(port.starts_with("127.0.0.1:"), "{name}: {port} is open to the network");
        }
        let image = service["image"].as_str();
        let version = image.and_then(|image| image.split_once(':')).map(|(_, version)| version);
        assert!(version.is_some_and(|it| it != "latest") || service["build"].is_object(), "{name}");
    }
    // Where Grafana looks for dashboards, and what it shows first.
    let provider = yaml(&read("deploy/grafana/provisioning/dashboards/bailiwick.yaml"));
    let folder = provider["providers"][0]["options"]["path"].as_str().unwrap();
    let home = services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
        .as_str()
        .unwrap();
    let file = home.strip_prefix(folder).unwrap().trim_start_matches('/');
    assert!(mounted[&("grafana", folder.to_owned())].join(file).is_file(), "{home}");
    let grace = seconds(services["bailiwick"]["stop_grace_period"].as_str().unwrap());
    assert!(grace > STOP.as_secs());
}

#[test]
fn the_services_of_the_compose_file_know_each_other_by_name_port_and_topic() {
    let compose = yaml(&read("deploy/compose.yaml"));
    let ours = yaml(&read("deploy/bailiwick.yaml"));
    let prometheus = yaml(&read("deploy/prometheus/prometheus.yml"));
    let grafana = yaml(&read("deploy/grafana/provisioning/datasources/prometheus.yaml"));
    let port = ours["http"]["listen"].as_str().unwrap().strip_prefix("0.0.0.0:").unwrap();
    // A published port is the one that the program listens on.
    let published = |service: &str| {
        let ports = strings(&compose["services"][service]["ports"]);
        format!("{service}:{}", ports[0].rsplit_once(':').unwrap().1)
    };
    assert_eq!(published("bailiwick"), format!("bailiwick:{port}"));
    let targets = &prometheus["scrape_configs"][0]["static_configs"][0]["targets"][0];
    assert_eq!(*targets, published("bailiwick"));
    let alertmanager = published("alertmanager");
    let rules = &prometheus["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"][0];
    assert_eq!(*rules, alertmanager);
    let sink = &ours["alert"]["sinks"][0]["alertmanager"]["urls"][0];
    assert_eq!(*sink, format!("http://{alertmanager}"));
    assert_eq!(grafana["datasources"][0]["url"], format!("http://{}", published("prometheus")));
    let kafka = &compose["services"]["kafka"]["environment"];
    let advertised = kafka["KAFKA_ADVERTISED_LISTENERS"].as_str().unwrap();
    let brokers = ours["kafka"]["brokers"].as_str().unwrap();
    assert_eq!(advertised, format!("PLAINTEXT://{brokers}"));
    for client in ["topics", "generator"] {
        let script = compose["services"][client]["command"][0].as_str().unwrap();
        assert!(script.contains(&format!("--bootstrap-server {brokers}")), "{script}");
    }

    let script = compose["services"]["topics"]["command"][0].as_str().unwrap();
    let made: BTreeSet<&str> = script
        .lines()
        .filter_map(|line| line.trim().strip_prefix("topic "))
        .map(|rest| rest.split(' ').next().unwrap())
        .collect();
    let outputs = ours["outputs"].as_object().unwrap().values();
    let used: BTreeSet<&str> = outputs
        .map(|output| output["topic"].as_str().unwrap())
        .chain(list(&ours["inputs"]).flat_map(|input| strings(&input["topics"])))
        .collect();
    assert_eq!(made, used);
}

#[test]
fn the_generator_sends_violations_for_the_alerts_to_tell() {
    let ended = Command::new(env!("CARGO_BIN_EXE_bailiwick"))
        .current_dir(root())
        .args(["judge", "examples/events.ndjson", "--tenants", "examples/tenants.yaml"])
        .output()
        .unwrap();
    let text = String::from_utf8(ended.stdout).unwrap();
    // As the head of the compose file says.
    assert!(read("deploy/compose.yaml").contains("Two of them are violations"));
    let verdicts = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    assert_eq!(verdicts.filter(|it| it["verdict"] == "violation").count(), 2, "{text}");
}

#[test]
fn the_image_is_built_from_what_the_build_is_given() {
    let admitted = read(".dockerignore");
    let admitted: Vec<&str> = admitted.lines().filter_map(|line| line.strip_prefix('!')).collect();
    assert!(read(".dockerignore").starts_with("*\n"), "all else is left out");
    let file = read("deploy/Dockerfile");
    let copied: BTreeSet<&str> = file
        .lines()
        .filter_map(|line| line.strip_prefix("COPY "))
        .filter(|line| !line.starts_with("--from="))
        .flat_map(|line| line.rsplit_once(' ').unwrap().0.split(' '))
        .collect();
    assert_eq!(copied, admitted.into_iter().collect());
    for path in copied {
        assert!(root().join(path).exists(), "{path}");
    }
}

/// What `helm` makes of the chart, by kind and name.
struct Chart(BTreeMap<(String, String), Value>);

impl Chart {
    fn rendered(values: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("values.yaml");
        std::fs::write(&file, values).unwrap();
        let helm = |arguments: &[&str]| {
            let ended = tool("helm")?
                .current_dir(root())
                .args(arguments)
                .arg("--values")
                .arg(&file)
                .output()
                .unwrap();
            let (out, err) = (String::from_utf8(ended.stdout), String::from_utf8(ended.stderr));
            let (out, err) = (out.unwrap(), err.unwrap());
            assert!(ended.status.success(), "{arguments:?}: {out}{err}");
            Some(out)
        };
        helm(&["lint", "--strict", "deploy/helm/bailiwick"])?;
        let version = ["--kube-version", "1.30.0"];
        let all = helm(&["template", "prod", "deploy/helm/bailiwick", version[0], version[1]])?;
        let objects = all.split("\n---\n").map(|text| yaml(text.trim_start_matches("---\n")));
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        Some(Self(
            objects.map(|it| ((word(&it["kind"]), word(&it["metadata"]["name"])), it)).collect(),
        ))
    }

    fn get(&self, kind: &str, name: &str) -> &Value {
        let key = (kind.to_owned(), name.to_owned());
        self.0.get(&key).unwrap_or_else(|| panic!("no {kind} {name} in {:?}", self.0.keys()))
    }
}

const FULL: &str = r#"
config:
  kafka: { brokers: "kafka:9092", profile: event-hubs, sasl: { password: "${EVENT_HUBS}" } }
  inputs: [{ name: audit, topics: [audit] }]
tenants: [{ id: 5a3d1c60-8c1e-4c39-9f57-2b6f0f1e7a01, country: DE, capabilities: {} }]
catalog: { ours.yaml: "sites: { fra-dc1: DE }\n" }
envFromSecret: in-the-environment
secretFiles: in-files
serviceMonitor: { enabled: true, labels: { release: p }, endpoint: { scheme: http } }
rules: { enabled: true, violations: true, documents: "https://docs.example.com/b" }
dashboards: { enabled: true }
role: judge
"#;

/// Whether a selector's labels are all among those of what it is to select.
fn selects(selector: &Value, labels: &Value) -> bool {
    let selector = selector.as_object().unwrap();
    !selector.is_empty() && selector.iter().all(|(name, value)| labels[name] == *value)
}

#[test]
fn the_chart_runs_the_program_as_it_is_without_rights_and_with_time_to_stop() {
    let (Some(chart), Some(full)) = (Chart::rendered(""), Chart::rendered(FULL)) else { return };
    for (chart, role) in [(&chart, "all"), (&full, "judge")] {
        let deployment = chart.get("Deployment", "prod-bailiwick");
        let pod = &deployment["spec"]["template"]["spec"];
        let container = &pod["containers"][0];
        assert!(pod["terminationGracePeriodSeconds"].as_u64().unwrap() > STOP.as_secs());
        assert_eq!(strings(&container["args"])[3..], ["--role", role]);
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
        // The user of the image.
        let user = &pod["securityContext"];
        let user = format!("USER {}:{}\n", user["runAsUser"], user["runAsGroup"]);
        assert!(read("deploy/Dockerfile").contains(&user), "{user}");
        let rights = &container["securityContext"];
        assert_eq!(rights["readOnlyRootFilesystem"], true);
        assert_eq!(rights["allowPrivilegeEscalation"], false);
        assert_eq!(rights["capabilities"]["drop"][0], "ALL");
        // The port and the paths that the program answers on; tests of `http` ask them.
        let configuration = chart.get("ConfigMap", "prod-bailiwick")["data"].clone();
        let listen = yaml(configuration["bailiwick.yaml"].as_str().unwrap());
        let listen = listen["http"]["listen"].as_str().unwrap().to_owned();
        let port = &container["ports"][0];
        assert_eq!(listen, format!("0.0.0.0:{}", port["containerPort"]));
        for (probe, path) in [
            ("startupProbe", "/healthz"),
            ("livenessProbe", "/healthz"),
            ("readinessProbe", "/readyz"),
        ] {
            assert_eq!(container[probe]["httpGet"]["path"], path, "{probe}");
            assert_eq!(container[probe]["httpGet"]["port"], port["name"], "{probe}");
        }
        let labels = &deployment["spec"]["template"]["metadata"]["labels"];
        for selector in [
            &deployment["spec"]["selector"]["matchLabels"],
            &chart.get("PodDisruptionBudget", "prod-bailiwick")["spec"]["selector"]["matchLabels"],
            &chart.get("Service", "prod-bailiwick")["spec"]["selector"],
        ] {
            assert!(selects(selector, labels), "{selector} of {labels}");
        }
    }

    let pod = &full.get("Deployment", "prod-bailiwick")["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    assert_eq!(container["envFrom"][0]["secretRef"]["name"], "in-the-environment");
    let files = list(&pod["volumes"]).find(|it| it["name"] == "secrets").unwrap();
    assert_eq!(files["secret"]["secretName"], "in-files");
    assert_eq!(pod["automountServiceAccountToken"], false);
    // What is mounted is what the configuration names.
    let folder = tempfile::tempdir().unwrap();
    let data = &full.get("ConfigMap", "prod-bailiwick")["data"];
    for mount in list(&container["volumeMounts"]).filter(|it| it["name"] == "config") {
        let path = mount["mountPath"].as_str().unwrap().strip_prefix("/etc/bailiwick/").unwrap();
        let path: PathBuf = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = data[mount["subPath"].as_str().unwrap()].as_str().unwrap();
        let here = folder.path().display().to_string();
        let text = text.replace("/etc/bailiwick", &here).replace("${EVENT_HUBS}", "${HOME}");
        std::fs::write(path, text).unwrap();
    }
    valid(&folder.path().join("bailiwick.yaml"));
}

#[test]
fn the_chart_is_scraped_and_brings_the_rules_and_dashboards_of_deploy() {
    let Some(chart) = Chart::rendered(FULL) else { return };
    let monitor = chart.get("ServiceMonitor", "prod-bailiwick");
    let service = chart.get("Service", "prod-bailiwick");
    assert!(selects(&monitor["spec"]["selector"]["matchLabels"], &service["metadata"]["labels"]));
    let endpoint = &monitor["spec"]["endpoints"][0];
    assert_eq!(endpoint["port"], service["spec"]["ports"][0]["name"]);
    assert_eq!(
        (endpoint["path"].as_str(), endpoint["scheme"].as_str()),
        (Some("/metrics"), Some("http"))
    );
    assert_eq!(monitor["metadata"]["labels"]["release"], "p");
    // The rules look for `bailiwick` in the job's name, which is the Service's.
    assert!(service["metadata"]["name"].as_str().unwrap().contains("bailiwick"));

    for file in ["recording", "alerts", "violations"] {
        let rendered = &chart.get("PrometheusRule", &format!("prod-bailiwick-{file}"))["spec"];
        let ours = read(&format!("deploy/prometheus/{file}.yml"))
            .replace("https://bailiwick.example/docs", "https://docs.example.com/b");
        assert_eq!(*rendered, yaml(&ours), "{file}");
    }
    for entry in std::fs::read_dir(root().join("deploy/grafana/dashboards")).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap();
        let name = file.strip_suffix(".json").unwrap();
        let data = &chart.get("ConfigMap", &format!("prod-{name}"))["data"];
        let rendered: Value = serde_json::from_str(data[file].as_str().unwrap()).unwrap();
        let ours = std::fs::read_to_string(&path).unwrap();
        assert_eq!(rendered, serde_json::from_str::<Value>(&ours).unwrap(), "{file}");
    }
}

#[test]
fn the_unit_is_one_that_systemd_reads_and_leaves_time_to_stop() {
    let unit = read("deploy/bailiwick.service");
    let limit = unit.lines().find_map(|line| line.strip_prefix("TimeoutStopSec=")).unwrap();
    assert!(seconds(limit) > STOP.as_secs());
    let Some(mut analyze) = tool("systemd-analyze") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bailiwick.service");
    let installed = unit.replace("/usr/local/bin/bailiwick", env!("CARGO_BIN_EXE_bailiwick"));
    std::fs::write(&path, installed).unwrap();
    // Without a look at the manual page, which is not installed here.
    let ended = analyze.args(["verify", "--man=no"]).arg(&path).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.success() && !said.contains("bailiwick.service"), "{said}");
}
