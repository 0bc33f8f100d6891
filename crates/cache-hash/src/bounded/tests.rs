use super::Bounded;

#[test]
fn the_oldest_makes_room() {
    let mut map = Bounded::new(3);
    for key in 1..=4 {
        map.insert(key, key, 1);
    }
    assert_eq!([1, 2, 3, 4].map(|key| map.get(&key).copied()), [None, Some(2), Some(3), Some(4)]);
}

#[test]
fn replacing_a_value_makes_it_the_youngest_and_counts_it_once() {
    let mut map = Bounded::new(2);
    map.insert("a", 1, 1);
    map.insert("b", 1, 1);
    map.insert("a", 2, 1);
    map.insert("c", 1, 1);
    assert_eq!(["a", "b", "c"].map(|key| map.get(key).copied()), [Some(2), None, Some(1)]);
}

#[test]
fn a_heavy_value_pushes_several_out() {
    let mut map = Bounded::new(10);
    map.insert("a", (), 4);
    map.insert("b", (), 4);
    map.insert("c", (), 2);
    map.insert("d", (), 7);
    assert!(map.get("a").is_none() && map.get("b").is_none());
    assert!(map.get("c").is_some() && map.get("d").is_some());
}

#[test]
fn a_value_over_the_limit_is_not_kept_and_the_others_stay() {
    let mut map = Bounded::new(10);
    map.insert("a", 1, 10);
    map.insert("b", 1, 11);
    assert_eq!((map.get("a"), map.get("b")), (Some(&1), None));
    map.insert("a", 2, 11);
    assert_eq!(map.get("a"), None, "the old value is not the key's value any more");
}
