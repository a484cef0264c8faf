use super::*;

#[test]
fn the_folder_stands_encoded_in_the_place_of_the_host() {
    assert_eq!(
        over_socket(Path::new("/var/tmp/a b%ü"), "postgres", "dev/1"),
        "postgresql://postgres@%2Fvar%2Ftmp%2Fa%20b%25%C3%BC/dev%2F1"
    );
}
