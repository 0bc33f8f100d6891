//! What `larder doctor` answered.

use std::process::Command;

use serde_json::Value;

use crate::support::Ran;

/// An answer of `larder doctor`.
#[derive(Debug)]
pub struct Examined {
    pub code: Option<i32>,
    pub answer: Value,
}

impl Examined {
    /// Runs a command line that ends with `doctor` and its flags.
    #[track_caller]
    pub fn of(doctor: &mut Command) -> Self {
        let ran = Ran::of(doctor.arg("--json"));
        let answer: Value = serde_json::from_slice(&ran.stdout)
            .unwrap_or_else(|_| panic!("{:?}: {}{}", ran.code, ran.text(), ran.stderr));
        let examined = Self { code: ran.code, answer };
        let is_wrong = examined.checks().iter().any(|check| check["state"] == "wrong");
        assert_eq!(examined.code, Some(is_wrong.into()), "{examined:?}");
        examined
    }

    pub fn checks(&self) -> &[Value] {
        self.answer["checks"].as_array().expect("an array")
    }

    pub fn names(&self) -> Vec<&str> {
        self.checks().iter().map(|check| check["name"].as_str().expect("a name")).collect()
    }

    /// Asserts that a check is fine and says all of `says`.
    #[track_caller]
    pub fn fine<'a>(&self, name: &str, says: impl IntoIterator<Item = &'a str>) {
        self.check(name, "fine", says);
    }

    /// Asserts that a check is a warning that says all of `says`, in the text or in what to do;
    /// returns both.
    #[track_caller]
    pub fn warning<'a>(
        &self,
        name: &str,
        says: impl IntoIterator<Item = &'a str>,
    ) -> (String, String) {
        self.check(name, "warning", says)
    }

    /// The same of one that is wrong.
    #[track_caller]
    pub fn wrong<'a>(
        &self,
        name: &str,
        says: impl IntoIterator<Item = &'a str>,
    ) -> (String, String) {
        self.check(name, "wrong", says)
    }

    /// What a check says, whatever its state.
    pub fn text(&self, name: &str) -> &str {
        let check = self.checks().iter().find(|check| check["name"] == name);
        check.and_then(|check| check["text"].as_str()).expect("a text")
    }

    #[track_caller]
    fn check<'a>(
        &self,
        name: &str,
        state: &str,
        says: impl IntoIterator<Item = &'a str>,
    ) -> (String, String) {
        let check = self.checks().iter().find(|check| check["name"] == name);
        let check = check.unwrap_or_else(|| panic!("no {name}: {self:?}"));
        assert_eq!(check["state"], state, "{check}");
        let text = check["text"].as_str().expect("a text");
        let advice = check["advice"].as_str().unwrap_or_default();
        assert_eq!(check["advice"].is_null(), state == "fine", "{check}");
        assert_eq!(advice.is_empty(), state == "fine", "{check}");
        assert!(!text.is_empty(), "{check}");
        for part in says {
            assert!(text.contains(part) || advice.contains(part), "{part:?}: {check}");
        }
        (text.to_owned(), advice.to_owned())
    }
}
