//! What is shown of addresses and of what services say.

use crate::store::mask::{Masks, masked_uri};

#[test]
fn an_address_is_shown_without_its_secrets() {
    for (uri, shown) in [
        ("fs:///srv/cache", "fs:///srv/cache"),
        ("redis://:pw@host:1/2/go", "redis://***@host:1/2/go"),
        ("webdav://ci:pw@host/go", "webdav://***@host/go"),
        (
            "s3://b/p?secret_access_key=abc&region=eu&access_key_id=AK",
            "s3://b/p?access_key_id=***&region=eu&secret_access_key=***",
        ),
        (
            "s3://b?endpoint=http%3A%2F%2Fu%3Apw%40host%3A9000",
            "s3://b?endpoint=http://***@host:9000",
        ),
        ("azblob://c?sas_token=sv%3D1%26sig%3Dabc", "azblob://c?sas_token=***"),
        // What an option means that is not known, nobody knows.
        ("s3://b?secert_access_key=abc", "s3://b?secert_access_key=***"),
        ("gopher://u:pw@host/x?a=b", "gopher://***@host/x?a=***"),
        // And of an address that cannot be read, which part is the password.
        ("redis://:pa#ss@host", "redis://***"),
        ("redis://user:12/34@host", "redis://***"),
        ("redis://:pa/ss@host", "redis://***"),
        ("hunter2", "***"),
    ] {
        assert_eq!(masked_uri(uri), shown, "{uri}");
    }
}

#[test]
fn a_secret_is_masked_however_it_is_spelled() {
    let masks = Masks::new("redis://:p%40ss%20word@host");
    assert_eq!(masks.text("no p@ss word, no p%40ss%20word"), "no ***, no ***");

    let masks = Masks::new("s3://b?secret_access_key=a%2Bb%2Fc&session_token=a%2Bb%2Fc-longer");
    assert_eq!(masks.text("a+b/c a+b/c-longer a%2Bb%2Fc"), "*** *** ***");
}

#[test]
fn what_stands_where_secrets_stand_is_masked() {
    let masks = Masks::default();
    for (said, shown) in [
        ("GET https://h/k?sig=abc&sv=1 failed", "GET https://h/k?*** failed"),
        ("url (https://u:pw@h:1/k?x)", "url (https://***@h:1/k?***)"),
        ("<a>http://h/k?x</a><b>http://u@h</b>", "<a>http://h/k?***</a><b>http://***@h</b>"),
        ("Authorization: Bearer abc.def next", "Authorization: Bearer *** next"),
        ("\"Basic abc", "\"Basic ***"),
        ("two\n lines\tof   it", "two lines of it"),
    ] {
        assert_eq!(masks.text(said), shown);
    }
}

#[test]
fn a_service_that_answers_with_a_whole_page_is_cut_short() {
    let page = "é".repeat(100_000);
    assert_eq!(Masks::default().text(&page).chars().count(), 301);
}
