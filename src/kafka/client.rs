//! From a cluster's settings to client configurations.

use std::path::Path;

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaConfRes;
use secrecy::{ExposeSecret, SecretString};

use super::reserved::refusal;
use super::{Cluster, ClusterFault, Profile, Reporter};
use crate::secret::{self, SecretFault};

/// What a consumer is for.
#[derive(Clone, Debug)]
pub struct ConsumerRole<'a> {
    /// The consumer group.
    pub group: &'a str,
    /// The client's name, as it shows in the broker's logs and in the group.
    pub client: &'a str,
    /// Topics that no pattern may match: Bailiwick's own outputs on the same cluster.
    pub hidden_topics: &'a [&'a str],
}

/// Kafka's own topics, which a pattern must not match either.
const INTERNAL_TOPICS: [&str; 4] =
    ["__consumer_offsets", "__transaction_state", "__share_group_state", "__cluster_metadata"];

impl Cluster {
    /// Every fault of the settings, with secrets read from their files.
    pub fn faults(&self) -> Vec<ClusterFault> {
        let mut faults = Vec::new();
        if self.brokers.split(',').all(|broker| broker.trim().is_empty()) {
            faults.push(ClusterFault::NoBrokers);
        }
        self.security_faults(&mut faults);
        for (key, value) in &self.librdkafka.0 {
            if let Some(why) = refusal(key) {
                faults.push(ClusterFault::Reserved { key: key.clone(), why });
                continue;
            }
            let mut alone = ClientConfig::new();
            alone.set(key, value.to_text());
            if let Err(fault) = alone.create_native_config().map_err(setting_fault) {
                faults.push(fault);
            }
        }
        faults
    }

    fn security_faults(&self, faults: &mut Vec<ClusterFault>) {
        let mut keep = |result: Result<_, ClusterFault>| {
            if let Err(fault) = result {
                faults.push(fault);
            }
        };
        if let Some(tls) = &self.tls {
            keep(secret("tls.key_password", &tls.key_password, tls.key_password_file.as_deref()));
            let because = ": a certificate and its key go together";
            match (&tls.certificate_file, &tls.key_file) {
                (Some(_), None) => {
                    keep(Err(ClusterFault::Missing { key: "tls.key_file", because }));
                }
                (None, Some(_)) => {
                    keep(Err(ClusterFault::Missing { key: "tls.certificate_file", because }));
                }
                _ => {}
            }
        }
        match &self.sasl {
            Some(sasl) => {
                let because = ": `sasl` needs a user and a password";
                if sasl.username.is_none() && self.profile != Profile::EventHubs {
                    keep(Err(ClusterFault::Missing { key: "sasl.username", because }));
                }
                let password =
                    secret("sasl.password", &sasl.password, sasl.password_file.as_deref());
                if matches!(password, Ok(None)) {
                    keep(Err(ClusterFault::Missing { key: "sasl.password", because }));
                }
                keep(password);
            }
            None if self.profile == Profile::EventHubs => {
                let because = ": Event Hubs asks every client who it is";
                keep(Err(ClusterFault::Missing { key: "sasl", because }));
            }
            None => {}
        }
    }

    /// Whether two clusters are the same one, as far as the settings tell.
    pub fn same_brokers(&self, other: &Self) -> bool {
        let list = |brokers: &str| {
            let mut brokers: Vec<_> =
                brokers.split(',').map(|broker| broker.trim().to_lowercase()).collect();
            brokers.sort();
            brokers
        };
        list(&self.brokers) == list(&other.brokers)
    }

    /// A consumer's configuration, and what takes its callbacks.
    pub fn consumer(
        &self,
        role: &ConsumerRole<'_>,
    ) -> Result<(ClientConfig, Reporter), ClusterFault> {
        let mut config = ClientConfig::new();
        config
            // A full queue is looked at again after a millisecond: the default of a second
            // leaves the consumer idle for most of a backlog.
            .set("fetch.queue.backoff.ms", "1")
            .set("queued.max.messages.kbytes", "16384")
            .set("session.timeout.ms", "45000");
        let reporter = self.common(&mut config, role.client)?;
        config
            .set("group.id", role.group)
            .set("group.protocol", "classic")
            // Only partitions that move stop, and topics of one partition are spread over the
            // members, where `range` gives them all to the first.
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("auto.offset.reset", "earliest")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("isolation.level", "read_committed")
            .set("statistics.interval.ms", "5000");
        let hidden: Vec<String> = INTERNAL_TOPICS
            .iter()
            .chain(role.hidden_topics)
            .map(|topic| format!("^{}$", topic.replace('.', "\\.")))
            .collect();
        config.set("topic.blacklist", hidden.join(","));
        verify(&config)?;
        Ok((config, reporter))
    }

    /// A producer's configuration, and what takes its callbacks.
    pub fn producer(&self, client: &str) -> Result<(ClientConfig, Reporter), ClusterFault> {
        let mut config = ClientConfig::new();
        config
            .set("linger.ms", "5")
            .set("message.timeout.ms", "120000")
            .set("queue.buffering.max.kbytes", "65536")
            // As Java's clients do it, so that tables keyed alike can be joined.
            .set("partitioner", "murmur2_random")
            .set("compression.type", "lz4");
        if self.profile == Profile::EventHubs {
            // Standard namespaces refuse compressed batches, and a larger one ends the connection.
            config.set("compression.type", "none").set("message.max.bytes", "1000000");
        }
        let reporter = self.common(&mut config, client)?;
        config.set("enable.idempotence", "true").set("acks", "all");
        verify(&config)?;
        Ok((config, reporter))
    }

    /// A configuration for looking around: it joins no group and writes nothing.
    pub fn visitor(&self, client: &str) -> Result<(ClientConfig, Reporter), ClusterFault> {
        let mut config = ClientConfig::new();
        let reporter = self.common(&mut config, client)?;
        verify(&config)?;
        Ok((config, reporter))
    }

    /// Sets what every client has: profile, raw settings, then what may not be overridden.
    fn common(&self, config: &mut ClientConfig, client: &str) -> Result<Reporter, ClusterFault> {
        config.set("client.id", client).set("socket.keepalive.enable", "true");
        if self.profile == Profile::EventHubs {
            config
                // Azure cuts idle connections after 240 s.
                .set("metadata.max.age.ms", "180000")
                .set("connections.max.idle.ms", "180000")
                .set("session.timeout.ms", "30000")
                .set("request.timeout.ms", "60000");
        }
        for (key, value) in &self.librdkafka.0 {
            if let Some(why) = refusal(key) {
                return Err(ClusterFault::Reserved { key: key.clone(), why });
            }
            config.set(key, value.to_text());
        }
        config.set("bootstrap.servers", &self.brokers);
        // Warnings must reach the reporter, whatever the log filter is.
        config.set_log_level(RDKafkaLogLevel::Info);
        let mut secrets = Vec::new();
        let encrypted = self.tls.is_some() || self.profile == Profile::EventHubs;
        if encrypted {
            self.encryption(config, &mut secrets)?;
        }
        if let Some(sasl) = &self.sasl {
            let named = secret("sasl.password", &sasl.password, sasl.password_file.as_deref())?;
            let because = ": `sasl` needs a user and a password";
            let password = named.ok_or(ClusterFault::Missing { key: "sasl.password", because })?;
            let username = match (&sasl.username, self.profile) {
                (Some(username), _) => username.as_str(),
                (None, Profile::EventHubs) => "$ConnectionString",
                (None, Profile::Apache) => {
                    return Err(ClusterFault::Missing { key: "sasl.username", because });
                }
            };
            config
                .set("sasl.mechanisms", sasl.mechanism.as_str())
                .set("sasl.username", username)
                .set("sasl.password", password.expose_secret());
            secrets.push(password);
        }
        config.set(
            "security.protocol",
            match (encrypted, self.sasl.is_some()) {
                (false, false) => "plaintext",
                (false, true) => "sasl_plaintext",
                (true, false) => "ssl",
                (true, true) => "sasl_ssl",
            },
        );
        Ok(Reporter::new(client, secrets))
    }

    fn encryption(
        &self,
        config: &mut ClientConfig,
        secrets: &mut Vec<SecretString>,
    ) -> Result<(), ClusterFault> {
        config
            .set("enable.ssl.certificate.verification", "true")
            .set("ssl.endpoint.identification.algorithm", "https")
            // The OpenSSL that is built in does not know where this system keeps its authorities.
            .set("ssl.ca.location", "probe");
        let Some(tls) = &self.tls else { return Ok(()) };
        let files = [
            ("ssl.ca.location", &tls.ca_file),
            ("ssl.certificate.location", &tls.certificate_file),
            ("ssl.key.location", &tls.key_file),
        ];
        for (key, file) in files {
            if let Some(file) = file {
                config.set(key, file.to_string_lossy());
            }
        }
        let named =
            secret("tls.key_password", &tls.key_password, tls.key_password_file.as_deref())?;
        if let Some(password) = named {
            config.set("ssl.key.password", password.expose_secret());
            secrets.push(password);
        }
        Ok(())
    }
}

fn secret(
    key: &'static str,
    inline: &Option<SecretString>,
    file: Option<&Path>,
) -> Result<Option<SecretString>, ClusterFault> {
    secret::read(inline.as_ref(), file).map_err(|fault| match fault {
        SecretFault::Twice => ClusterFault::SecretTwice { key },
        SecretFault::File(kind) => {
            let path = file.unwrap_or(Path::new("")).to_owned();
            ClusterFault::SecretFile { key, path, kind }
        }
    })
}

fn verify(config: &ClientConfig) -> Result<(), ClusterFault> {
    config.create_native_config().map(drop).map_err(setting_fault)
}

/// librdkafka's own message holds the value, so only the key is taken from it.
fn setting_fault(error: KafkaError) -> ClusterFault {
    match error {
        KafkaError::ClientConfig(RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN, _, key, _) => {
            ClusterFault::UnknownSetting { key }
        }
        KafkaError::ClientConfig(_, _, key, _) => ClusterFault::InvalidSetting { key },
        other => ClusterFault::Refused { reason: describe(&other) },
    }
}

/// An error of librdkafka in words, without any setting's value.
pub fn describe(error: &KafkaError) -> String {
    match error {
        KafkaError::ClientConfig(_, _, key, _) => format!("the setting {key} is not accepted"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::reserved::names;
    use super::super::{Mechanism, RawValue, Sasl, Tls};
    use super::*;

    const ROLE: ConsumerRole<'static> =
        ConsumerRole { group: "g", client: "c", hidden_topics: &["bailiwick.verdicts"] };

    fn cluster() -> Cluster {
        Cluster {
            brokers: "localhost:9092".to_owned(),
            profile: Profile::Apache,
            tls: None,
            sasl: None,
            librdkafka: Default::default(),
        }
    }

    fn with(key: &str, value: &str) -> Cluster {
        let mut cluster = cluster();
        cluster.librdkafka.0.insert(key.to_owned(), RawValue::Text(value.to_owned()));
        cluster
    }

    #[test]
    fn a_plain_cluster_has_no_fault_and_safe_defaults() {
        let cluster = cluster();
        assert_eq!(cluster.faults(), []);
        let (consumer, _) = cluster.consumer(&ROLE).unwrap();
        for (key, value) in [
            ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "false"),
            ("auto.offset.reset", "earliest"),
            ("isolation.level", "read_committed"),
            ("security.protocol", "plaintext"),
        ] {
            assert_eq!(consumer.get(key), Some(value), "{key}");
        }
        assert!(consumer.get("topic.blacklist").unwrap().contains("^bailiwick\\.verdicts$"));
        let (producer, _) = cluster.producer("p").unwrap();
        assert_eq!(producer.get("enable.idempotence"), Some("true"));
        assert_eq!(producer.get("acks"), Some("all"));
        assert_eq!(producer.get("compression.type"), Some("lz4"));
    }

    #[test]
    fn every_reserved_key_is_refused_and_its_value_is_not_shown() {
        let families = ["sasl.password", "ssl.key.pem", "ssl_certificate", "log_cb", "test.x"];
        for key in names().chain(families) {
            let cluster = with(key, "hunter2");
            let faults = cluster.faults();
            assert!(
                matches!(faults.as_slice(), [ClusterFault::Reserved { .. }]),
                "{key}: {faults:?}"
            );
            let shown = format!("{} {faults:?} {cluster:?}", faults[0]);
            assert!(shown.contains(key) && !shown.contains("hunter2"), "{shown}");
            assert!(cluster.consumer(&ROLE).is_err() && cluster.producer("p").is_err());
        }
    }

    #[test]
    fn raw_settings_pass_through_and_unknown_or_invalid_ones_do_not() {
        let cluster = with("fetch.min.bytes", "7");
        assert_eq!(cluster.faults(), []);
        assert_eq!(cluster.consumer(&ROLE).unwrap().0.get("fetch.min.bytes"), Some("7"));
        assert_eq!(with("ssl.cipher.suites", "DEFAULT").faults(), []);
        let unknown = ClusterFault::UnknownSetting { key: "fetch.min.bites".to_owned() };
        assert_eq!(with("fetch.min.bites", "7").faults(), [unknown]);
        let invalid = ClusterFault::InvalidSetting { key: "fetch.min.bytes".to_owned() };
        assert_eq!(with("fetch.min.bytes", "hunter2").faults(), std::slice::from_ref(&invalid));
        assert!(!invalid.to_string().contains("hunter2"));
    }

    #[test]
    fn event_hubs_is_encrypted_and_uncompressed() {
        let cluster = Cluster {
            profile: Profile::EventHubs,
            sasl: Some(Sasl {
                mechanism: Mechanism::Plain,
                username: None,
                password: Some("Endpoint=sb://x;SharedAccessKey=hunter2".into()),
                password_file: None,
            }),
            ..cluster()
        };
        assert_eq!(cluster.faults(), []);
        let (producer, _) = cluster.producer("p").unwrap();
        for (key, value) in [
            ("security.protocol", "sasl_ssl"),
            ("sasl.username", "$ConnectionString"),
            ("ssl.ca.location", "probe"),
            ("ssl.endpoint.identification.algorithm", "https"),
            ("compression.type", "none"),
            ("message.max.bytes", "1000000"),
            ("metadata.max.age.ms", "180000"),
            ("connections.max.idle.ms", "180000"),
            ("session.timeout.ms", "30000"),
        ] {
            assert_eq!(producer.get(key), Some(value), "{key}");
        }
        assert!(!format!("{cluster:?} {producer:?}").contains("hunter2"));
        let bare = Cluster { sasl: None, ..cluster };
        assert_eq!(bare.faults().len(), 1);
        assert_eq!(bare.faults()[0].path(), "sasl");
    }

    #[test]
    fn every_fault_is_found_at_once() {
        let mut cluster = with("acks", "1");
        cluster.brokers = " , ".to_owned();
        cluster.tls = Some(Tls {
            certificate_file: Some("c.pem".into()),
            key_password: Some("hunter2".into()),
            key_password_file: Some("p".into()),
            ..Tls::default()
        });
        cluster.sasl = Some(Sasl {
            mechanism: Mechanism::ScramSha512,
            username: None,
            password: None,
            password_file: Some("/nowhere/at/all".into()),
        });
        let mut codes: Vec<_> = cluster.faults().iter().map(ClusterFault::code).collect();
        codes.sort_unstable();
        assert_eq!(
            codes,
            [
                "kafka_missing_setting",
                "kafka_missing_setting",
                "kafka_no_brokers",
                "kafka_reserved_setting",
                "kafka_secret_file",
                "kafka_secret_twice",
            ]
        );
        assert!(!format!("{:?}", cluster.faults()).contains("hunter2"));
    }

    #[test]
    fn a_secret_may_come_from_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "hunter2\n").unwrap();
        let cluster = Cluster {
            tls: Some(Tls::default()),
            sasl: Some(Sasl {
                mechanism: Mechanism::ScramSha512,
                username: Some("app".to_owned()),
                password: None,
                password_file: Some(file.path().to_owned()),
            }),
            ..cluster()
        };
        assert_eq!(cluster.faults(), []);
        let (consumer, _) = cluster.consumer(&ROLE).unwrap();
        assert_eq!(consumer.get("sasl.password"), Some("hunter2"));
        assert_eq!(consumer.get("security.protocol"), Some("sasl_ssl"));
    }
}
