//! Only what was signed as it is, with a key that is trusted, is believed; and no secret is shown.

use cache_core::{ActionId, FileName, OutputId};
use proptest::prelude::*;

use super::*;
use crate::random::{key_pair, said, times};

fn some() -> Signable {
    Signable {
        action: ActionId::from_bytes([1; 32]),
        output: OutputId::of(b"output"),
        size: 6,
        time_ns: 1_700_000_000_000_000_000,
        executable: None,
    }
}

proptest! {
    #![proptest_config(times(50))]

    #[test]
    fn what_is_signed_verifies_and_anything_else_does_not(
        said in said(b"output"), other in said(b"another"), bit in 0usize..512,
    ) {
        let pair = key_pair(1);
        let trust = Trust::only([key_pair(2).public(), pair.public()]);
        let signed = pair.sign(&said);
        prop_assert_eq!(trust.check(&said, Some(&signed)), Ok(()));

        let wrong = Err(Untrusted::WrongSignature(signed.key));
        for changed in [
            Signable { action: other.action, ..said.clone() },
            Signable { output: other.output, ..said.clone() },
            Signable { size: other.size, ..said.clone() },
            Signable { time_ns: said.time_ns ^ 1, ..said.clone() },
            Signable { executable: FileName::new("x/y").or(FileName::new("A")).ok(), ..said.clone() },
        ] {
            prop_assert_eq!(trust.check(&changed, Some(&signed)), wrong);
        }
        let mut flipped = signed;
        flipped.signature[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(trust.check(&said, Some(&flipped)), wrong);
    }

    #[test]
    fn no_text_is_taken_for_a_key_by_mistake(text in ".{0,80}") {
        prop_assert!(KeyPair::from_text(&text).is_err());
        prop_assert!(text.parse::<PublicKey>().is_err());
    }
}

#[test]
fn who_is_trusted_decides() {
    let (said, one, two) = (some(), key_pair(1), key_pair(2));
    let signed = one.sign(&said);
    let everybody = Trust::everybody();
    assert_eq!(everybody.check(&said, None), Ok(()));
    assert_eq!(everybody.check(&said, Some(&signed)), Ok(()));
    assert_eq!(Trust::default(), everybody);

    let only_two = Trust::only([two.public()]);
    assert_eq!(only_two.check(&said, None), Err(Untrusted::Unsigned));
    let unknown = only_two.check(&said, Some(&signed)).unwrap_err();
    assert_eq!(unknown, Untrusted::UnknownKey(one.public().id()));
    assert!(unknown.to_string().contains(&one.public().id().to_string()), "{unknown}");
    // The other key's name does not help.
    let renamed = Signed { key: two.public().id(), ..signed };
    assert_eq!(
        only_two.check(&said, Some(&renamed)),
        Err(Untrusted::WrongSignature(two.public().id()))
    );
    assert!(Trust::only([]).check(&said, Some(&signed)).is_err(), "nobody is not everybody");
}

#[test]
fn keys_are_read_back_from_their_texts() {
    let pair = KeyPair::generate().unwrap();
    assert_ne!(pair.public(), KeyPair::generate().unwrap().public());
    let text = pair.to_text();
    assert_eq!(text.len(), "larder-secret-key-v1 ".len() + 44);
    let same = KeyPair::from_text(&format!(" {text}\r\n")).unwrap();
    assert_eq!(same.sign(&some()), pair.sign(&some()));
    let public = pair.public().to_string();
    assert!(public.starts_with("larder-public-key-v1 "));
    assert_eq!(public.parse::<PublicKey>().unwrap(), pair.public());
}

#[test]
fn what_is_wrong_with_a_key_is_said() {
    let pair = key_pair(1);
    let (secret, public) = (pair.to_text(), pair.public().to_string());
    let of_secret = |text: &str| KeyPair::from_text(text).unwrap_err();
    let of_public = |text: &str| text.parse::<PublicKey>().unwrap_err();
    assert_eq!(of_secret(&public), ParseKeyError::IsPublic);
    assert_eq!(of_public(&secret), ParseKeyError::IsSecret);
    assert_eq!(of_secret(""), ParseKeyError::Kind { expected: "larder-secret-key-v1" });
    assert_eq!(
        of_public("ssh-ed25519 AAAA"),
        ParseKeyError::Kind { expected: "larder-public-key-v1" }
    );
    for cut in 20..secret.len() {
        assert_eq!(of_secret(&secret[..cut]), ParseKeyError::Bytes, "{cut}");
        assert_eq!(of_public(&public[..cut]), ParseKeyError::Bytes, "{cut}");
    }
    assert_eq!(of_secret(&format!("{secret} more")), ParseKeyError::Bytes);
    // The point of order 1, with which anything can be signed.
    let weak = super::text::of_public(&{
        let mut point = [0; 32];
        point[0] = 1;
        point
    });
    assert_eq!(of_public(&weak), ParseKeyError::NoSuchKey);
    assert_eq!(of_public(&super::text::of_public(&[2; 32])), ParseKeyError::NoSuchKey);
}

#[test]
fn no_secret_is_shown() {
    let pair = key_pair(0x5a);
    let text = pair.to_text();
    let secret = text.split(' ').next_back().unwrap();
    let mut shown = format!("{pair} {pair:?} {:?} {}", pair.public(), pair.public());
    for cut in 0..text.len() {
        shown += &format!("{:?}", KeyPair::from_text(&text[..cut]).map_err(|e| e.to_string()));
    }
    shown += &format!("{}", format!("{text}=").parse::<PublicKey>().unwrap_err());
    for part in [secret, &secret[4..12], "90, 90", "5a5a"] {
        assert!(!shown.contains(part), "{part}");
    }
}
