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
// what was written can be taken back.
func TestBulkTakesFewCommands(t *testing.T) {
	commands := &counter{}
	uri := commands.before(t, serve(t))
	p := enginetest.New(t, enginetest.Options{Open: func(t testing.TB) store.Store {
		s, err := mongo.Open(t.Context(), uri, mongo.Options{AllowStandalone: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return notUnique{s}
	}})
	tenant := p.NewTenant("acme", "core", "sales")
	var ops []record.Operation
	for n := range 500 {
		ops = append(ops, record.Operation{Op: "create", Data: map[string]any{"name": fmt.Sprint("Account ", n), "website": fmt.Sprintf("https://%d.example.com", n)}})
	}
	before := commands.seen.Load()
	outcomes, err := tenant.System().Bulk(t.Context(), "account", ops, false)
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range outcomes {
		if o.Fault != nil {
			t.Fatalf("operation %d: %v", i, o.Fault)
		}
	}
	if n := commands.seen.Load() - before; n > 20 {
		t.Errorf("%d commands for %d records", n, len(ops))
	}
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
