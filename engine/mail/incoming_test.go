package mail_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"formwork/engine/fault"
	"formwork/engine/mail"
)

// told is a message as the expected files write it.
func told(in *mail.Incoming) string {
	var b strings.Builder
	fmt.Fprintf(&b, "id: %s\nfrom: %v\nto: %s\ncc: %s\nsubject: %s\n", in.ID, in.From, mail.Addresses(in.To), mail.Addresses(in.Cc), in.Subject)
	if !in.At.IsZero() {
		fmt.Fprintf(&b, "at: %s\n", in.At.UTC().Format("2006-01-02 15:04:05"))
	}
	fmt.Fprintf(&b, "follows: %s\nautomatic: %v\n", strings.Join(in.Follows, " "), in.Automatic)
	if in.Bounce != nil {
		fmt.Fprintf(&b, "bounce of: %s\nsaid: %s\nhard: %v\n", strings.Join(in.Bounce.Of, " "), in.Bounce.Said, in.Bounce.Hard)
	}
	for _, a := range in.Attachments {
		fmt.Fprintf(&b, "file: %s %s %d\n", a.Name, a.Type, len(a.Body))
	}
	fmt.Fprintf(&b, "left: %d\ntext: %s\nhtml: %s\n", in.Left, in.Text, in.HTML)
	return b.String()
}

// Messages as mail systems send them are read as the files beside them say; a new case adds no code.
func TestRead(t *testing.T) {
	files, err := filepath.Glob("testdata/*.eml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no messages: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(strings.TrimSuffix(file, ".eml") + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			in, err := mail.Read([]byte(strings.ReplaceAll(string(raw), "\n", "\r\n")))
			got := ""
			if err != nil {
				got = "fault: " + fault.From(err).Code + "\n"
			} else {
				got = told(in)
			}
			if got != string(want) {
				t.Errorf("read\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// Bombs end, within the bounds.
func TestBombs(t *testing.T) {
	nested := func(depth int) string {
		text := "Content-Type: text/plain\r\n\r\nhere\r\n"
		for i := range depth {
			text = fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n%s\r\n--b%d--\r\n", i, i, text, i)
		}
		return "From: a@example.com\r\n" + text
	}
	wide := "From: a@example.com\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\nContent-Type: application/pdf\r\n\r\nx\r\n", 20_000) + "--b--\r\n"
	for name, c := range map[string]struct {
		raw  string
		code string
		left bool
	}{
		"deep":          {nested(500), "", true},
		"not so deep":   {nested(5), "", false},
		"wide":          {wide, "", true},
		"header":        {"From: a@example.com\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n\r\n", "mail.unreadable", false},
		"headers":       {"From: a@example.com\r\n" + strings.Repeat("X: x\r\n", 1<<17) + "\r\n", "mail.unreadable", false},
		"recipients":    {"From: a@example.com\r\nTo: " + strings.Repeat("a@example.com,\r\n ", 10_000) + "b@example.com\r\n\r\nx", "", false},
		"references":    {"From: a@example.com\r\nReferences: " + strings.Repeat("<a@b>\r\n ", 20_000) + "\r\n\r\nx", "", false},
		"no boundary":   {"From: a@example.com\r\nContent-Type: multipart/mixed\r\n\r\nx", "", false},
		"too large":     {"From: a@example.com\r\n\r\n" + strings.Repeat("x", mail.MaxRaw), "mail.too_large", false},
		"part's header": {"From: a@example.com\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + strings.Repeat("a:\r\n", 1<<20) + "\r\nx\r\n--b--\r\n", "", false},
		"comment":       {"From: a@example.com\r\nMessage-ID: (" + strings.Repeat("x", 200_000) + "\r\n\r\nx", "", false},
		"nobody":        {"Subject: x\r\n\r\nx", "mail.unreadable", false},
		"nothing":       {"", "mail.unreadable", false},
	} {
		in, err := mail.Read([]byte(c.raw))
		code := ""
		if err != nil {
			code = fault.From(err).Code
		}
		if code != c.code || err == nil && (in.Left > 0) != c.left {
			t.Errorf("%s: %q, left %v; want %q", name, code, in, c.code)
		}
	}
}

// What is read is always valid and within bounds.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/*.eml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte("From: a@example.com\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString([]byte("x\x00y"))))
	f.Fuzz(func(t *testing.T, raw []byte) {
		in, err := mail.Read(raw)
		if err != nil {
			if fault.From(err).Kind.Breaks() {
				t.Fatal(err)
			}
			return
		}
		for _, s := range append([]string{in.ID, in.Subject, in.From.String(), mail.Addresses(in.To)}, in.Follows...) {
			if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) || len(s) > 20_000 {
				t.Errorf("a line is %q", s)
			}
		}
		if !utf8.ValidString(in.Text) || !utf8.ValidString(in.HTML) || strings.ContainsRune(in.Text, '\x00') {
			t.Errorf("the texts are %q and %q", in.Text, in.HTML)
		}
		for _, a := range in.Attachments {
			if a.Name == "" || strings.ContainsAny(a.Name, "/\\\n\x00") {
				t.Errorf("a file is called %q", a.Name)
			}
		}
	})
}
