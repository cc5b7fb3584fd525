package fetch_test

import (
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"formwork/engine/enginetest"
)

// says is what a server says once.
func says(text string) func(io.Writer) {
	return func(w io.Writer) { _, _ = io.WriteString(w, text) }
}

// flood says something for ever.
func flood(text string) func(io.Writer) {
	return func(w io.Writer) {
		for {
			if _, err := io.WriteString(w, text); err != nil {
				return
			}
		}
	}
}

// drip says a byte now and then.
func drip(text string) func(io.Writer) {
	return func(w io.Writer) {
		for {
			if _, err := io.WriteString(w, text); err != nil {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
}

// hangs says nothing more until the client is gone.
func hangs(w io.Writer) { _, _ = io.Copy(io.Discard, w.(net.Conn)) }

// closes hangs up.
func closes(w io.Writer) { w.(net.Conn).Close() }

// Whatever a server says, a look at it ends, is told, and takes no message that is none; the mailboxes of others are looked at.
func TestHostileServers(t *testing.T) {
	const hello = "* OK [CAPABILITY IMAP4rev1] here\r\n"
	selected := func(next string) func(io.Writer) {
		return says("* 3 EXISTS\r\n* OK [UIDVALIDITY 7] .\r\n* OK [UIDNEXT " + next + "] .\r\n")
	}
	one := says("* 1 FETCH (UID 5 RFC822.SIZE 100 INTERNALDATE \"01-Mar-2026 00:00:00 +0000\")\r\n")
	for name, c := range map[string]struct {
		greeting string
		says     map[string]func(io.Writer)
		want     string // the problem; "": it goes well
	}{
		"no greeting":                {"", map[string]func(io.Writer){}, "outside.slow"},
		"bye":                        {"* BYE no\r\n", nil, "mail.fetch_broken"},
		"no IMAP":                    {"220 mail.example.com ESMTP\r\n", nil, "mail.fetch_broken"},
		"an endless line":            {"* OK " + strings.Repeat("x", 1<<20), nil, "mail.fetch_broken"},
		"an endless line later":      {hello, map[string]func(io.Writer){"EXAMINE": flood("x")}, "mail.fetch_broken"},
		"endless answers":            {hello, map[string]func(io.Writer){"LOGIN": flood("* 1 EXISTS\r\n")}, "mail.fetch_broken"},
		"endless flags":              {hello, map[string]func(io.Writer){"EXAMINE": flood("* FLAGS (" + strings.Repeat("a ", 100) + "a)\r\n")}, "mail.fetch_broken"},
		"what is read for ever":      {"* OK [CAPABILITY 0(\r\n", nil, "mail.fetch_broken"},
		"deep lists":                 {hello, map[string]func(io.Writer){"EXAMINE": says("* LIST " + strings.Repeat("(", 20_000))}, "mail.fetch_broken"},
		"a drip":                     {hello, map[string]func(io.Writer){"EXAMINE": drip("x")}, "outside.slow"},
		"a hang":                     {hello, map[string]func(io.Writer){"LOGIN": hangs}, "outside.slow"},
		"a hang in a list":           {hello, map[string]func(io.Writer){"EXAMINE": selected("9"), "FETCH": hangs}, "outside.slow"},
		"a close":                    {hello, map[string]func(io.Writer){"EXAMINE": closes}, "mail.fetch_broken"},
		"no numbers":                 {hello, map[string]func(io.Writer){"EXAMINE": says("* 3 EXISTS\r\n")}, "mail.fetch_unfit"},
		"a negative number":          {hello, map[string]func(io.Writer){"EXAMINE": selected("-5")}, "mail.fetch_broken"},
		"a huge number":              {hello, map[string]func(io.Writer){"EXAMINE": selected("99999999999999999999")}, "mail.fetch_broken"},
		"negative numbers":           {hello, map[string]func(io.Writer){"EXAMINE": selected("9"), "FETCH": says("* 1 FETCH (UID -5 RFC822.SIZE 100)\r\n")}, "mail.fetch_broken"},
		"a negative size":            {hello, map[string]func(io.Writer){"EXAMINE": selected("9"), "FETCH": says("* 1 FETCH (UID 5 RFC822.SIZE -1)\r\n")}, "mail.fetch_broken"},
		"what nobody asked for":      {hello, map[string]func(io.Writer){"EXAMINE": selected("9"), "FETCH": flood("* 1 FETCH (UID 4000 RFC822.SIZE 1)\r\n")}, "mail.fetch_broken"},
		"a literal that is huge":     {hello, map[string]func(io.Writer){"EXAMINE": selected("9"), "FETCH": one, "BODY": says("* 1 FETCH (UID 5 BODY[] {99999999999}\r\n")}, ""},
		"one that is too large":      {hello, map[string]func(io.Writer){"EXAMINE": selected("9"), "FETCH": one, "BODY": says("* 1 FETCH (UID 5 BODY[] {9223372036854775808}\r\n")}, "mail.fetch_broken"},
		"one that is negative":       {hello, map[string]func(io.Writer){"EXAMINE": selected("9"), "FETCH": one, "BODY": says("* 1 FETCH (UID 5 BODY[] {-1}\r\n")}, "mail.fetch_broken"},
		"one that lies":              {hello, map[string]func(io.Writer){"EXAMINE": selected("9"), "FETCH": one, "BODY": says("* 1 FETCH (UID 5 BODY[] {5}\r\n" + letter("lie") + ")\r\n")}, "mail.fetch_broken"},
		"one that stops":             {hello, map[string]func(io.Writer){"EXAMINE": selected("9"), "FETCH": one, "BODY": func(w io.Writer) { says("* 1 FETCH (UID 5 BODY[] {100}\r\nFrom: a")(w); closes(w) }}, "mail.fetch_broken"},
		"one that hangs":             {hello, map[string]func(io.Writer){"EXAMINE": selected("9"), "FETCH": one, "BODY": func(w io.Writer) { says("* 1 FETCH (UID 5 BODY[] {100}\r\nFrom: a")(w); hangs(w) }}, "outside.slow"},
		"one that drips":             {hello, map[string]func(io.Writer){"EXAMINE": selected("9"), "FETCH": one, "BODY": func(w io.Writer) { says("* 1 FETCH (UID 5 BODY[] {10000000}\r\n")(w); drip("x")(w) }}, "outside.slow"},
		"another one":                {hello, map[string]func(io.Writer){"EXAMINE": selected("9"), "FETCH": one, "BODY": flood("* 2 FETCH (UID 6 BODY[] {1000}\r\n" + strings.Repeat("x", 1000) + ")\r\n")}, "mail.fetch_broken"},
		"one that asks who is there": {"* OK [CAPABILITY IMAP4rev1 ID] here\r\n", map[string]func(io.Writer){"CAPABILITY": says("* CAPABILITY IMAP4rev1 ID\r\n"), "ID": says("* ID (\"name\" \"x\")\r\n"), "EXAMINE": selected("9"), "FETCH": one, "BODY": says("* 1 FETCH (UID 5 BODY[] NIL)\r\n")}, ""},
		"none":                       {hello, map[string]func(io.Writer){"EXAMINE": selected("9"), "FETCH": one, "BODY": says("* 1 FETCH (UID 5 BODY[] NIL)\r\n")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newLiar(t, c.greeting, c.says)
			d := newDesk(t, s.url, s.roots, enginetest.Options{})
			if c.want != "outside.slow" { // which a busy machine is, too
				d.Apply(strings.Replace(connected(s.url), `"seconds": 2`, `"seconds": 20`, 1))
			}
			d.see(7, 4)
			d.poll()
			if got := d.problem(); got != c.want {
				t.Errorf("it is told %q, want %q", got, c.want)
			}
			if d.state().Received != 0 || s.asked.Load() == 0 {
				t.Errorf("%d messages were received, %d connections made", d.state().Received, s.asked.Load())
			}
			d.has("then")
			for range 4 { // what can't be got does not keep others from being taken for ever
				d.later(time.Hour)
			}
			if last := d.seen(); strings.HasPrefix(name, "one that ") && last != 8 {
				t.Errorf("it is at message %d", last)
			}
		})
	}
}

// Who does not encrypt is told neither user nor secret.
func TestNobodyLogsInUnencrypted(t *testing.T) {
	for name, greeting := range map[string]string{"refused": "* OK [CAPABILITY IMAP4rev1] here\r\n", "as somebody already": "* PREAUTH here\r\n"} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			var serving sync.WaitGroup
			var heard strings.Builder
			serving.Go(func() {
				for {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					_, _ = io.WriteString(conn, greeting)
					var line [4096]byte
					for {
						n, err := conn.Read(line[:])
						heard.Write(line[:n])
						if err != nil {
							break
						}
						tag, _, _ := strings.Cut(string(line[:n]), " ")
						_, _ = fmt.Fprintf(conn, "%s BAD no\r\n", tag)
					}
					conn.Close()
				}
			})
			d := newDesk(t, "imap://"+l.Addr().String(), x509.NewCertPool(), enginetest.Options{})
			d.poll()
			if d.problem() != "mail.fetch_unfit" {
				t.Errorf("it is told %q", d.problem())
			}
			l.Close()
			serving.Wait()
			if strings.Contains(heard.String(), secret) || strings.Contains(heard.String(), "LOGIN") || strings.Contains(heard.String(), "AUTHENTICATE") {
				t.Errorf("it was told %q", heard.String())
			}
		})
	}
}

// Of a tenant few mailboxes are looked at a time, however many wait.
func TestFewConnectionsAtATime(t *testing.T) {
	release := make(chan struct{})
	s := newLiar(t, "* OK [CAPABILITY IMAP4rev1] here\r\n", map[string]func(io.Writer){"LOGIN": func(w io.Writer) { <-release; closes(w) }})
	d := newDesk(t, s.url, s.roots, enginetest.Options{})
	documents := []string{strings.Replace(connected(s.url), `"seconds": 2`, `"seconds": 30`, 1)}
	for i := range 20 {
		documents = append(documents, fmt.Sprintf(`{"kind": "mailbox", "name": "box_%d", "label": "Box", "address": "box%d@example.com", "receive": "imap"}`, i, i))
	}
	d.Apply(documents...)
	for range 5 {
		d.RunJobs()
		d.Clock.Pass(5 * time.Second)
	}
	for s.got.Load() < 2 {
		time.Sleep(time.Millisecond)
	}
	if asked, flying := s.asked.Load(), d.Fetches.Flying(); asked != 2 || flying != 2 {
		t.Errorf("%d connections were made, and %d mailboxes are looked at", asked, flying)
	}
	close(release)
	for range 20 {
		d.later(noRoom)
	}
	if asked := s.asked.Load(); asked < 21 {
		t.Errorf("then %d connections were made", asked)
	}
}

// noRoom is when a mailbox is taken up for which there was no room.
const noRoom = 5 * time.Second
