package mongo_test

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"

	"formwork/engine/fault"
	"formwork/engine/store"
	"formwork/engine/store/mongo"
)

// server speaks MongoDB's protocol as the only member of a replica set and
// answers from a script, for what no real server does when it is asked to.
type server struct {
	t          testing.TB
	address    string
	standalone bool
	router     bool  // a mongos instead
	wire       int32 // version of the protocol that it speaks; 17 if 0
	pageRows   int   // of logs, if not the usual

	memory *memory // which answers all commands; nil: there is a script

	mu      sync.Mutex
	keeps   func(name string, command bson.Raw) bson.D // instead of a script; nil for what it does not know
	answers map[string][]bson.D                        // what a command is answered, one after the other; then that it is done
	seen    []bson.Raw                                 // commands but for the driver's own, and what asks for tenants that are listed and tables that have collections

	time       uint32     // of the cluster, if answers tell it
	everything []bson.Raw // commands but for the driver's own

	listed map[string]bson.Raw // tenants, as the registry has them
	asked  int                 // how often it was
}

func newServer(t testing.TB) *server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serveOn(t, listener)
}

func serveOn(t testing.TB, listener net.Listener) *server {
	t.Helper()
	s := &server{t: t, address: listener.Addr().String(), answers: map[string][]bson.D{}, listed: map[string]bson.Raw{}}
	var group sync.WaitGroup
	group.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			group.Go(func() { s.serve(c) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		group.Wait()
	})
	return s
}

// open opens a store on the server, and its tenant, which is made if it is not there;
// what they asked is forgotten.
func (s *server) open(o mongo.Options) store.Tenant {
	s.t.Helper()
	opened, err := mongo.Open(s.t.Context(), "mongodb://"+s.address+"/?directConnection=true&retryReads=false", o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { opened.Close() })
	if s.pageRows > 0 {
		mongo.PageRows(opened, s.pageRows)
	}
	tenant, err := opened.Tenant(s.t.Context(), "acme")
	if fault.Is(err, "tenant.not_found") {
		tenant, err = opened.Create(s.t.Context(), "acme")
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = nil
	return tenant
}

// all is how many commands came, but for the driver's own.
func (s *server) all() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seen) + s.asked
}

// script adds answers to a command.
func (s *server) script(command string, answers ...bson.D) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[command] = append(s.answers[command], answers...)
}

// names lists the commands seen.
func (s *server) names() []string {
	var names []string
	for _, c := range s.commands() {
		elements, _ := c.Elements()
		names = append(names, elements[0].Key())
	}
	return names
}

func (s *server) commands() []bson.Raw {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

const (
	opQuery   = 2004
	opMessage = 2013
)

func (s *server) serve(c net.Conn) {
	defer c.Close()
	for {
		header := make([]byte, 16)
		if _, err := io.ReadFull(c, header); err != nil {
			return
		}
		message := make([]byte, binary.LittleEndian.Uint32(header)-16)
		if _, err := io.ReadFull(c, message); err != nil {
			return
		}
		id, op := header[4:8], binary.LittleEndian.Uint32(header[12:])
		var answer []byte
		switch op {
		case opQuery: // the first hello
			raw, _ := bson.Marshal(s.hello())
			answer = append(make([]byte, 20), raw...)
			binary.LittleEndian.PutUint32(answer[16:], 1)
			op = 1
		case opMessage:
			raw, _ := bson.Marshal(s.timed(s.answer(command(message[4:]))))
			answer = append(make([]byte, 5), raw...)
		default:
			return
		}
		reply := make([]byte, 16)
		binary.LittleEndian.PutUint32(reply, uint32(16+len(answer)))
		copy(reply[8:], id)
		binary.LittleEndian.PutUint32(reply[12:], op)
		if _, err := c.Write(append(reply, answer...)); err != nil {
			return
		}
	}
}

// command puts the sections of a message into one document: the body and, as arrays,
// the sequences of documents that the driver sends beside it.
func command(sections []byte) bson.Raw {
	body := sections[1 : 1+binary.LittleEndian.Uint32(sections[1:])]
	rest := sections[1+len(body):]
	if len(rest) == 0 {
		return body
	}
	var all bson.D
	_ = bson.Unmarshal(body, &all)
	for len(rest) > 0 && rest[0] == 1 {
		size := binary.LittleEndian.Uint32(rest[1:])
		name, documents, _ := bytes.Cut(rest[5:1+size], []byte{0})
		array := bson.A{}
		for len(documents) > 0 {
			length := binary.LittleEndian.Uint32(documents)
			array = append(array, bson.Raw(documents[:length]))
			documents = documents[length:]
		}
		all = append(all, bson.E{Key: string(name), Value: array})
		rest = rest[1+size:]
	}
	raw, _ := bson.Marshal(all)
	return raw
}

// serverTime is what the server takes for the time.
var serverTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func (s *server) hello() bson.D {
	d := bson.D{
		{Key: "ok", Value: 1.0}, {Key: "isWritablePrimary", Value: true}, {Key: "ismaster", Value: true},
		{Key: "minWireVersion", Value: 0}, {Key: "maxWireVersion", Value: cmp.Or(s.wire, 17)}, {Key: "maxBsonObjectSize", Value: 16 << 20},
		{Key: "maxMessageSizeBytes", Value: 48 << 20}, {Key: "maxWriteBatchSize", Value: 100000},
		{Key: "logicalSessionTimeoutMinutes", Value: 30}, {Key: "localTime", Value: serverTime},
	}
	if s.standalone {
		return d
	}
	if s.router {
		return append(d, bson.E{Key: "msg", Value: "isdbgrid"})
	}
	return append(d, bson.E{Key: "setName", Value: "rs"}, bson.E{Key: "hosts", Value: bson.A{s.address}}, bson.E{Key: "me", Value: s.address})
}

// timed adds the time of the cluster to an answer.
func (s *server) timed(answer bson.D) bson.D {
	if s.time == 0 {
		return answer
	}
	at := primitive.Timestamp{T: s.time, I: 1}
	return append(answer, bson.E{Key: "operationTime", Value: at}, bson.E{Key: "$clusterTime", Value: bson.D{{Key: "clusterTime", Value: at},
		{Key: "signature", Value: bson.D{{Key: "hash", Value: primitive.Binary{Data: make([]byte, 20)}}, {Key: "keyId", Value: int64(0)}}}}})
}

func (s *server) answer(command bson.Raw) bson.D {
	elements, err := command.Elements()
	if err != nil {
		s.t.Error(err)
		return nil
	}
	name := elements[0].Key()
	switch name {
	case "hello", "isMaster", "ismaster":
		return s.hello()
	case "endSessions", "ping":
		return bson.D{{Key: "ok", Value: 1.0}}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.everything = append(s.everything, slices.Clone(command))
	if s.memory != nil {
		s.seen = append(s.seen, slices.Clone(command))
		return s.memory.answer(name, command)
	}
	if answer := s.registry(name, command); answer != nil {
		return answer
	}
	if collection, _ := command.Lookup(name).StringValueOK(); name == "find" && collection == "formwork.tables" && command.Lookup("projection").Type != 0 {
		if s.keeps != nil {
			if answer := s.keeps(name, command); answer != nil {
				return answer
			}
		}
		return found() // all tables that are written have collections
	}
	s.seen = append(s.seen, slices.Clone(command))
	if s.keeps != nil {
		if answer := s.keeps(name, command); answer != nil {
			return answer
		}
	}
	if scripted := s.answers[name]; len(scripted) > 0 {
		s.answers[name] = scripted[1:]
		return scripted[0]
	}
	if name == "find" || name == "aggregate" {
		return found()
	}
	return bson.D{{Key: "ok", Value: 1.0}, {Key: "n", Value: 1}, {Key: "nModified", Value: 1}}
}

// registry answers what is asked and written about one tenant; nil for all else.
func (s *server) registry(name string, command bson.Raw) bson.D {
	if collection, _ := command.Lookup(name).StringValueOK(); collection != "tenants" {
		return nil
	}
	switch name {
	case "insert":
		listing := command.Lookup("documents", "0").Document()
		s.listed[listing.Lookup("_id").StringValue()] = listing
		return changed(1)
	case "update":
		s.seen = append(s.seen, slices.Clone(command))
		u := command.Lookup("updates", "0").Document()
		for tenant, listing := range s.listed {
			if matches(listing, u.Lookup("q").Document()) {
				s.listed[tenant] = updated(listing, u.Lookup("u").Document())
				return changed(1)
			}
		}
		return changed(0)
	case "find":
		tenant, ok := command.Lookup("filter", "_id").StringValueOK()
		if !ok && len(s.answers[name]) > 0 {
			return nil // there is a script for it
		}
		if !ok {
			return s.listing(command)
		}
		s.asked++
		listing, ok := s.listed[tenant]
		made := command.Lookup("filter", "made")
		if !ok || !made.IsZero() && !made.Equal(listing.Lookup("made")) {
			return found()
		}
		var all bson.D
		_ = bson.Unmarshal(listing, &all)
		return found(all)
	}
	return nil
}

// listing answers a question for several tenants.
func (s *server) listing(command bson.Raw) bson.D {
	s.seen = append(s.seen, slices.Clone(command))
	var all []bson.D
	limit, limited := command.Lookup("limit").AsInt64OK()
	for _, tenant := range slices.Sorted(maps.Keys(s.listed)) {
		if matches(s.listed[tenant], command.Lookup("filter").Document()) && (!limited || len(all) < int(limit)) {
			all = append(all, bson.D{})
			_ = bson.Unmarshal(s.listed[tenant], &all[len(all)-1])
		}
	}
	return found(all...)
}

// matches holds for a document that a filter of the registry selects.
func matches(document, filter bson.Raw) bool {
	elements, _ := filter.Elements()
	for _, e := range elements {
		if e.Key() == "$or" {
			some := false
			alternatives, _ := e.Value().Array().Values()
			for _, one := range alternatives {
				some = some || matches(document, one.Document())
			}
			if !some {
				return false
			}
			continue
		}
		has := document.Lookup(strings.Split(e.Key(), ".")...)
		switch operator, _ := e.Value().DocumentOK(); {
		case operator.Lookup("$ne").Type != 0:
			if has.Equal(operator.Lookup("$ne")) {
				return false
			}
		case operator.Lookup("$lte").Type != 0:
			if at, ok := has.AsInt64OK(); !ok || at > operator.Lookup("$lte").AsInt64() {
				return false
			}
		case e.Value().Type == bson.TypeNull:
			if !has.IsZero() {
				return false
			}
		case !has.Equal(e.Value()):
			return false
		}
	}
	return true
}

// updated is a document of the registry after an update with $set, $inc, $min and $unset.
func updated(document, update bson.Raw) bson.Raw {
	var all bson.M
	_ = bson.Unmarshal(document, &all)
	operators, _ := update.Elements()
	for _, operator := range operators {
		fields, _ := operator.Value().Document().Elements()
		for _, f := range fields {
			path := strings.Split(f.Key(), ".")
			inner := all
			for _, name := range path[:len(path)-1] {
				if inner[name] == nil {
					inner[name] = bson.M{}
				}
				inner = inner[name].(bson.M)
			}
			last := path[len(path)-1]
			before, numbered := inner[last].(int64)
			switch {
			case operator.Key() == "$inc":
				inner[last] = before + f.Value().AsInt64()
			case operator.Key() == "$unset":
				delete(inner, last)
			case operator.Key() == "$min" && numbered && before <= f.Value().AsInt64():
			default:
				inner[last] = f.Value()
			}
		}
	}
	raw, _ := bson.Marshal(all)
	return raw
}

// unlist takes a tenant out of the registry, as another process does that deletes it.
func (s *server) unlist(tenant string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listed, tenant)
}

// found answers a find or an aggregate.
func found(documents ...bson.D) bson.D {
	batch := bson.A{}
	for _, d := range documents {
		batch = append(batch, d)
	}
	return bson.D{{Key: "ok", Value: 1.0}, {Key: "cursor", Value: bson.D{
		{Key: "id", Value: int64(0)}, {Key: "ns", Value: "formwork_acme.lead"}, {Key: "firstBatch", Value: batch}}}}
}

// begun answers a find that has more to give.
func begun(documents ...bson.D) bson.D {
	answer := found(documents...)
	answer[1].Value.(bson.D)[0].Value = int64(77)
	return answer
}

// refusal answers that a command failed.
func refusal(code int, labels ...string) bson.D {
	return bson.D{{Key: "ok", Value: 0.0}, {Key: "code", Value: code}, {Key: "errmsg", Value: "of the test"}, {Key: "errorLabels", Value: labels}}
}

// duplicate answers that a unique index refused a write.
func duplicate(index string) bson.D {
	return bson.D{{Key: "ok", Value: 1.0}, {Key: "n", Value: 0}, {Key: "writeErrors", Value: bson.A{bson.D{
		{Key: "index", Value: 0}, {Key: "code", Value: 11000},
		{Key: "errmsg", Value: "E11000 duplicate key error collection: formwork_acme.lead index: " + index + ` dup key: { a: "index: b dup key" }`}}}}}
}
