use proptest::prelude::*;

use super::*;

/// Issue 12, point 23.
#[test]
fn a_text_is_what_a_terminal_shows_of_it() {
    for (written, expected) in [
        ("plain\n  text\twith größe\n", "plain\n  text\twith größe\n"),
        // Colours, private modes, two-byte escapes, character sets.
        ("\u{1b}[1;31merror\u{1b}[0m: no", "error: no"),
        ("\u{1b}[38:2::255:0:0mred\u{1b}[m", "red"),
        ("\u{1b}[?25lbusy\u{1b}[?25h", "busy"),
        ("\u{1b}(Btext\u{1b}=\u{1b}>", "text"),
        // Titles, links, pictures, with each terminator.
        ("\u{1b}]0;title\u{7}text", "text"),
        (
            "\u{1b}]8;;https://a.example/\u{1b}\\link\u{1b}]8;;\u{1b}\\ end",
            "link end",
        ),
        ("\u{1b}Pq#0~~\u{1b}\\text\u{1b}_x\u{9c}.", "text."),
        ("\u{9d}0;title\u{9c}text", "text"),
        // C1 controls.
        ("\u{9b}31mred\u{9b}0m\u{80}\u{9a}", "red"),
        ("one\u{85}two", "one\ntwo"),
        // Carriage returns and backspaces.
        ("one\r\ntwo\r\n", "one\ntwo\n"),
        ("10%\r20%\r100%\ndone", "100%\ndone"),
        ("loading 100%\rdone", "doneing 100%"),
        ("loading 100%\r\u{1b}[Kdone", "done"),
        ("loading\u{1b}[2K\rdone", "done"),
        ("loading\r       \rok", "ok"),
        ("abc\u{8}\u{8}X", "aXc"),
        ("\u{8}\u{8}x", "x"),
        ("a\u{7}\u{0}b\u{7f}c", "abc"),
        // Movements within the line.
        ("abcdef\u{1b}[3D!", "abc!ef"),
        ("abc\u{1b}[1GX", "Xbc"),
        ("a\u{1b}[3Cb", "a   b"),
        ("abcdef\u{1b}[2G\u{1b}[2X", "a  def"),
        ("abcdef\u{1b}[3G\u{1b}[1K", "   def"),
        ("a\u{1b}7bcd\u{1b}8X", "aXcd"),
        // Several bars at once.
        (
            "a 1%\nb 1%\n\u{1b}[2Aa 2%\nb 2%\nerror",
            "a 2%\nb 2%\nerror",
        ),
        ("a\nb\nc\u{1b}[2A\r\u{1b}[Jx", "x"),
        // A cleared screen hides nothing that was written.
        ("error\n\u{1b}[2J\u{1b}[Hnext", "error\nnext"),
        // Tabs.
        ("\tat a\r\u{1b}[K\tat b", "\tat b"),
        ("\tab\rx", "x       ab"),
        ("a\tb\u{1b}[3G\u{1b}[K", "a"),
        // What is not finished, and what is broken off.
        ("text\u{1b}", "text"),
        ("text\u{1b}[3", "text"),
        ("text\u{1b}]0;no end", "text"),
        ("\u{1b}]0;no end\nerror", "\nerror"),
        ("\u{1b}[3\nerror", "\nerror"),
        ("\u{1b}[\u{1b}[31mred", "red"),
        ("\u{1b}ßa", "ßa"),
    ] {
        assert_eq!(shown(written), expected, "{written:?}");
    }
}

/// Issue 12, point 23.
#[test]
fn a_progress_bar_of_many_updates_is_one_line() {
    let mut text = "error: disk full\n".to_owned();
    for done in 0..=400 {
        text += &format!("\r\u{1b}[2K{:>40}{}%", "#".repeat(done / 10), done / 4);
    }
    text.push('\n');
    let bar = "#".repeat(40);
    assert_eq!(shown(&text), format!("error: disk full\n{bar}100%\n"));
}

#[test]
fn of_much_the_newest_is_kept() {
    let mut screen = Screen::default();
    for number in 0..1000 {
        screen.write(&format!("line {number}\n"));
        screen.forget_all_but(100);
    }
    let text = screen.text();
    assert!(text.ends_with("line 998\nline 999\n") && text.len() <= 100);
    screen.write("\rover");
    assert!(!screen.forget_all_but(200));
    assert!(screen.text().ends_with("line 999\nover"));
    // A line without an end is kept, too, and the cursor's place in it.
    screen.write(&"x".repeat(500));
    assert!(screen.forget_all_but(100));
    screen.write("y");
    assert_eq!(screen.text(), "x".repeat(100) + "y");
}

/// Texts that are full of sequences, whole and broken.
fn written() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zß\u{4e16} ]{1,9}",
        "\u{1b}\\[[0-9;:?]{0,9}[@-~]",
        "[\u{1b}\u{9b}\u{9d}\u{90}][\\[\\]P(78DEMc]?[0-9;]{0,12}",
        "[\r\n\t\u{8}\u{7}\u{85}\u{9c}]{1,3}",
        any::<String>(),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    /// Issue 12, point 23.
    #[test]
    fn no_control_character_is_left_of_any_text(text in written()) {
        let once = shown(&text).into_owned();
        prop_assert!(!once.contains(is_obeyed), "{:?}", once);
        // A movement costs no more room than a line has.
        prop_assert!(once.chars().count() <= text.chars().count() * WIDTH);
        prop_assert_eq!(&*shown(&once), &*once);
    }

    #[test]
    fn a_text_may_come_in_any_parts(text in written(), size in 1_usize..9) {
        let mut screen = Screen::default();
        let chars: Vec<char> = text.chars().collect();
        for part in chars.chunks(size) {
            screen.write(&part.iter().collect::<String>());
        }
        let mut whole = Screen::default();
        whole.write(&text);
        prop_assert_eq!(screen.text(), whole.text());
    }

    #[test]
    fn a_forgetful_screen_takes_any_text(text in written(), cells in 0_usize..50) {
        let mut screen = Screen::default();
        for line in text.split_inclusive('\n') {
            screen.write(line);
            screen.forget_all_but(cells);
        }
        prop_assert!(!screen.text().contains(is_obeyed));
    }

    #[test]
    fn plain_text_stays_as_it_is(text in "[^\\p{Cc}]{0,50}(\n\t[^\\p{Cc}]{0,50}){0,5}\n?") {
        prop_assert_eq!(&*shown(&text), &*text);
    }
}
