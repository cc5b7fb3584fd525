package ferretdb

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"go.mongodb.org/mongo-driver/bson"

	"formwork/engine/enginetest"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/engine/store/mongo"
)

// A bulk of records takes a few commands, whatever their number: those of reading, and one
// for each table that is written to. A server without transactions is asked more, so that
// what was written can be taken back, and takes changes forty at a time.
func TestBulkTakesFewCommands(t *testing.T) {
	commands := &counter{}
	uri := commands.before(t, serve(t))
	p := enginetest.New(t, enginetest.Options{Open: func(t testing.TB) store.Store {
		s, err := mongo.Open(t.Context(), uri, mongo.Options{AllowStandalone: true, TableOfKeys: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}})
	s := p.NewTenant("acme", "core", "sales").System()
	const few = 40 // changes, for which FerretDB takes its time
	for object, data := range map[string]map[string]any{"account": {"name": "First"}, "contact": {"last_name": "First"}, "product": {"name": "First", "code": "P"}} {
		first, err := s.Create(t.Context(), object, data) // collections are made with their first row
		if err == nil {
			err = s.Delete(t.Context(), object, first.Record.ID(), 0)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	bulk := func(what, object string, rows int, most int64, operation func(n int) record.Operation) []record.Outcome {
		t.Helper()
		var ops []record.Operation
		for n := range rows {
			ops = append(ops, operation(n))
		}
		before := commands.seen.Load()
		outcomes, err := s.Bulk(t.Context(), object, ops, false)
		if err != nil {
			t.Fatal(err)
		}
		for i, o := range outcomes {
			if o.Fault != nil {
				t.Fatalf("%s: operation %d: %v", what, i, o.Fault)
			}
		}
		n := commands.seen.Load() - before
		t.Logf("%s: %d commands for %d records", what, n, len(ops))
		if n > most {
			t.Errorf("%s: %d commands, at most %d", what, n, most)
		}
		return outcomes
	}
	accounts := bulk("accounts are made", "account", 500, 20, func(n int) record.Operation {
		return record.Operation{Op: "create", Data: map[string]any{"name": fmt.Sprint("Account ", n), "website": fmt.Sprintf("https://%d.example.com", n)}}
	})
	bulk("products are made, whose codes are unique", "product", 500, 20, func(n int) record.Operation {
		return record.Operation{Op: "create", Data: map[string]any{"name": fmt.Sprint("Product ", n), "code": fmt.Sprint("P", n)}}
	})
	contacts := bulk("their contacts", "contact", few, 20, func(n int) record.Operation {
		return record.Operation{Op: "create", Data: map[string]any{"last_name": fmt.Sprint("Contact ", n), "account": accounts[n].ID.String()}}
	})
	bulk("contacts change", "contact", few, 20, func(n int) record.Operation {
		return record.Operation{Op: "update", ID: contacts[n].ID, Data: map[string]any{"phone": fmt.Sprint("+49 30 ", n)}}
	})
	bulk("accounts are deleted, whose contacts stay", "account", few, 30, func(n int) record.Operation {
		return record.Operation{Op: "delete", ID: accounts[n].ID}
	})
	// Each object that may refer to them is asked who does: tasks, calls, e-mails and the others that are about any record.
	bulk("contacts are deleted", "contact", few, 24, func(n int) record.Operation {
		return record.Operation{Op: "delete", ID: contacts[n].ID}
	})
}

// counter counts the commands that pass by on their way to a server.
type counter struct{ seen atomic.Int64 }

// before stands before a server, and returns the address to be used instead.
func (c *counter) before(t *testing.T, uri string) string {
	t.Helper()
	address, _, _ := strings.Cut(strings.TrimPrefix(uri, "mongodb://"), "/")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", address)
			if err != nil {
				client.Close()
				return
			}
			go func() {
				_, _ = io.Copy(client, server)
				client.Close()
			}()
			go func() {
				_ = c.pass(client, server)
				server.Close()
			}()
		}
	}()
	return "mongodb://" + listener.Addr().String() + "/"
}

// pass hands messages on and counts those that are commands, but for the driver's own.
func (c *counter) pass(from io.Reader, to io.Writer) error {
	const header, flags, opMessage = 16, 5, 2013
	for {
		message := make([]byte, header)
		if _, err := io.ReadFull(from, message); err != nil {
			return err
		}
		message = append(message, make([]byte, binary.LittleEndian.Uint32(message)-header)...)
		if _, err := io.ReadFull(from, message[header:]); err != nil {
			return err
		}
		if binary.LittleEndian.Uint32(message[12:]) == opMessage {
			elements, err := bson.Raw(message[header+flags:][:binary.LittleEndian.Uint32(message[header+flags:])]).Elements()
			if err == nil && len(elements) > 0 && elements[0].Key() != "hello" && elements[0].Key() != "endSessions" {
				c.seen.Add(1)
			}
		}
		if _, err := to.Write(message); err != nil {
			return err
		}
	}
}
