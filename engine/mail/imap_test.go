package mail

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2/imapclient"

	"formwork/engine/fault"
)

// said is a folder of a server that says a text, whatever it is asked.
func said(t testing.TB, text string) *Folder {
	if raced {
		t.Skip("where a server hangs up early, go-imap 2.0.0-beta.8 closes a channel on which it may still send; `make test` runs this without the race detector, too")
	}
	here, there := net.Pipe()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	go func() { _, _ = io.Copy(io.Discard, there) }()
	go func() { _, _ = io.WriteString(there, text); there.Close() }()
	f := &Folder{ctx: ctx, conn: &measured{Conn: here}, closed: func() bool { cancel(); return true }}
	f.conn.allow(maxSaid)
	f.client = imapclient.New(screen(f.conn, ""), nil)
	t.Cleanup(f.Close)
	return f
}

// A folder is left in the middle of an answer, whatever a server has put behind the message: nobody waits for what nobody takes.
func TestFolderIsLeft(t *testing.T) {
	const chosen = "* OK [CAPABILITY IMAP4rev1] here\r\n* 3 EXISTS\r\n* OK [UIDVALIDITY 7] .\r\n* OK [UIDNEXT 9] .\r\nT1 OK .\r\n"
	for name, behind := range map[string]string{"more than the library keeps": strings.Repeat(" UID 5", 100) + ")\r\n", "an end": ")\r\nT2 OK .\r\n", "less than was said": ""} {
		t.Run(name, func(t *testing.T) {
			here, there := net.Pipe()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			f := &Folder{ctx: ctx, conn: &measured{Conn: here}, closed: func() bool { cancel(); return true }}
			f.conn.allow(maxSaid)
			f.client = imapclient.New(screen(f.conn, ""), nil)
			size := 10
			if behind == "" {
				size = 20
			}
			// One command after the other, as servers hear them: none of it is said before it was asked for.
			go func() {
				for _, answer := range []string{chosen, fmt.Sprintf("* 1 FETCH (UID 5 BODY[] {%d}\r\n0123456789%s", size, behind)} {
					if _, err := bufio.NewReader(there).ReadString('\n'); err != nil {
						return
					}
					if _, err := io.WriteString(there, answer); err != nil {
						return
					}
				}
			}()
			if err := f.choose("INBOX"); err != nil {
				t.Fatal(err)
			}
			full := errors.New("full")
			if raw, err := f.Get(5, func(int64) error { return full }); raw != nil || !errors.Is(err, full) || !f.Ended() {
				t.Errorf("it gives %q, %v", raw, err)
			}
			f.Close() // which waits for the library's reader
		})
	}
}

// FuzzFolder: whatever a server says, opening, listing and getting end, with no more messages than were asked for, within what was asked for of the
// memory.
func FuzzFolder(f *testing.F) {
	const hello = "* OK [CAPABILITY IMAP4rev1] here\r\n"
	const chosen = hello + "* 3 EXISTS\r\n* OK [UIDVALIDITY 7] .\r\n* OK [UIDNEXT 9] .\r\nT1 OK .\r\n"
	const listed = chosen + "* 1 FETCH (UID 5 RFC822.SIZE 10 INTERNALDATE \"01-Mar-2026 00:00:00 +0000\")\r\nT2 OK .\r\n"
	for _, seed := range []string{"", hello, chosen, listed, listed + "* 1 FETCH (UID 5 BODY[] {10}\r\n0123456789)\r\nT3 OK .\r\n", listed + "* 1 FETCH (UID 5 BODY[] {-1}\r\n",
		"* OK [CAPABILITY 0(", "* OK [CAPABILITY(", hello + "* CAPABILITY (", hello + "T1 OK [CAPABILITY a (", listed + "* 1 FETCH (UID 5 BODY[] \"x\" BODY[] {3}\r\nabc)\r\nT3 NO .\r\n", chosen + "* 1 FETCH (UID 4294967296)\r\n", "* BYE\r\n", hello + "* LIST ((((("} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		folder := said(t, text)
		if err := folder.choose("INBOX"); err != nil {
			return
		}
		found, err := folder.List(5, 100, 3)
		if err != nil {
			return
		}
		if len(found) > 3 {
			t.Fatalf("%d messages are listed", len(found))
		}
		for _, one := range found {
			if one.UID < 5 || one.UID > 100 || one.Size < 0 {
				t.Fatalf("it lists %+v", one)
			}
			held := int64(0)
			raw, err := folder.Get(one.UID, func(n int64) error { held += n; return nil })
			if err == nil && 2*int64(len(raw)) > held {
				t.Fatalf("of %d bytes %d were asked for", len(raw), held)
			}
		}
	})
}

// The first messages are listed, in the order of their numbers, whatever order a server has; what it tells unasked is not among them.
func TestFolderLists(t *testing.T) {
	f := said(t, "* OK [CAPABILITY IMAP4rev1] here\r\n* 9 FETCH (UID 9 RFC822.SIZE 1)\r\n* 2 FETCH (UID 6 RFC822.SIZE 2)\r\n* 3 FETCH (UID 7 FLAGS (\\Seen))\r\n* 1 FETCH (UID 5 RFC822.SIZE 3)\r\n* 4 FETCH (UID 101 RFC822.SIZE 3)\r\nT1 OK .\r\n")
	found, err := f.List(5, 100, 2)
	if err != nil || len(found) != 2 || found[0].UID != 5 || found[1].UID != 6 {
		t.Errorf("it lists %v, %v", found, err)
	}
}

// A message that is larger than any may be, whatever was said of it before, is not read, and ends the folder; so does what there is no room for.
func TestFolderGetsWithinBounds(t *testing.T) {
	const hello = "* OK [CAPABILITY IMAP4rev1] here\r\n"
	f := said(t, hello+"* 1 FETCH (UID 5 BODY[] {10485761}\r\n"+strings.Repeat("x", 100_000))
	held := int64(0)
	if _, err := f.Get(5, func(n int64) error { held += n; return nil }); !fault.Is(err, "mail.too_large") || held != 0 || !f.Ended() {
		t.Errorf("a message that is too large is %v, for %d bytes", err, held)
	}
	full := errors.New("full")
	f = said(t, hello+"* 1 FETCH (UID 5 BODY[] {1000000}\r\n"+strings.Repeat("x", 1_000_000)+")\r\nT1 OK .\r\n")
	if _, err := f.Get(5, func(n int64) error {
		if held += n; held > 300_000 {
			return full
		}
		return nil
	}); !errors.Is(err, full) || !f.Ended() {
		t.Errorf("without room it is %v", err)
	}
}
