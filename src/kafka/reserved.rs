//! Raw librdkafka settings that are refused, and why.

/// Refused by name: key, what to do instead or why not.
const KEYS: &[(&str, &str)] = &[
    ("bootstrap.servers", "write it as `brokers`"),
    ("metadata.broker.list", "write it as `brokers`"),
    ("security.protocol", "it follows from `tls` and `sasl`"),
    ("group.id", "write it as `group`"),
    ("group.instance.id", "workers of one process would fence each other"),
    ("group.protocol", "Bailiwick uses the classic group protocol"),
    ("group.remote.assignor", "Bailiwick uses the classic group protocol"),
    ("group.protocol.type", "Bailiwick is a consumer"),
    ("partition.assignment.strategy", "members of one group must agree on it"),
    ("enable.auto.commit", "offsets are committed once their outputs are acknowledged"),
    ("auto.commit.enable", "offsets are committed once their outputs are acknowledged"),
    ("enable.auto.offset.store", "offsets are committed once their outputs are acknowledged"),
    ("auto.commit.interval.ms", "offsets are committed once their outputs are acknowledged"),
    ("auto.offset.reset", "another start than the earliest would leave records out"),
    ("offset.store.method", "offsets are kept by the broker"),
    ("offset.store.path", "offsets are kept by the broker"),
    ("isolation.level", "records of aborted transactions are not judged"),
    ("enable.partition.eof", "the end of a partition is no event here"),
    ("topic.blacklist", "it keeps Bailiwick's own topics out of patterns"),
    ("enable.idempotence", "outputs are written once and in order"),
    ("enable.gapless.guarantee", "outputs are written once and in order"),
    ("acks", "an output counts when every replica has it"),
    ("request.required.acks", "an output counts when every replica has it"),
    ("transactional.id", "it belongs to Bailiwick"),
    ("transaction.timeout.ms", "it belongs to Bailiwick"),
    ("retries", "an output is tried again until its delivery times out"),
    ("message.send.max.retries", "an output is tried again until its delivery times out"),
    ("delivery.report.only.error", "every acknowledgement is needed"),
    ("produce.offset.report", "every acknowledgement is needed"),
    ("dr_cb", "callbacks cannot be configured"),
    ("dr_msg_cb", "callbacks cannot be configured"),
    ("enabled_events", "callbacks cannot be configured"),
    ("log.queue", "logs go where Bailiwick's go"),
    ("opaque", "callbacks cannot be configured"),
    ("default_topic_conf", "callbacks cannot be configured"),
    ("interceptors", "callbacks cannot be configured"),
    ("plugin.library.paths", "no foreign code is loaded"),
    ("statistics.interval.ms", "the lag is taken from the statistics"),
    ("enable.ssl.certificate.verification", "certificates are always checked"),
    ("builtin.features", "it cannot be set"),
];

/// Refused by their beginning, unless the rest of the key is in the list.
const PREFIXES: &[(&str, &[&str], &str)] = &[
    ("sasl.", &[], "write it under `sasl`"),
    ("enable.sasl.", &[], "write it under `sasl`"),
    (
        "ssl.",
        &["cipher.suites", "curves.list", "sigalgs.list", "crl.location", "providers"],
        "write it under `tls`",
    ),
    ("ssl_", &[], "write it under `tls`"),
    ("https.", &[], "it is for a mechanism that Bailiwick does not offer"),
    ("test.", &[], "it is for librdkafka's own tests"),
];

/// Endings of settings that are callbacks, and can only be set from code.
const CALLBACK: &str = "_cb";

/// Why a raw setting is refused; none where it may pass.
pub(super) fn refusal(key: &str) -> Option<&'static str> {
    if let Some((_, why)) = KEYS.iter().find(|(name, _)| *name == key) {
        return Some(why);
    }
    if key.ends_with(CALLBACK) {
        return Some("callbacks cannot be configured");
    }
    PREFIXES
        .iter()
        .find(|(prefix, allowed, _)| {
            key.strip_prefix(prefix).is_some_and(|rest| !allowed.contains(&rest))
        })
        .map(|(_, _, why)| *why)
}

/// Every key refused by name, for the documentation and the tests.
#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    KEYS.iter().map(|(key, _)| *key)
}
