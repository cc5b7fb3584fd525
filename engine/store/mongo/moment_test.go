package mongo_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"

	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/engine/store/mongo"
)

// commandsAt are the commands since some, each with the time that it has to see.
func commandsAt(s *server, since int) (all []string) {
	for _, c := range s.everything[since:] {
		name := must(c.Elements())[0].Key()
		one := strings.TrimSpace(name + " " + text(c, name))
		if at, _, ok := c.Lookup("readConcern", "afterClusterTime").TimestampOK(); ok {
			one += " after " + time.Unix(int64(at), 0).UTC().Format("15:04:05")
		}
		all = append(all, one)
	}
	return all
}

// What one process wrote, another one reads that is told the moment, whichever server it
// asks: it waits once for the server to have that time, before a transaction too. A
// process waits for nothing that it wrote itself.
func TestMoments(t *testing.T) {
	s := newServer(t)
	s.time = uint32(serverTime.Unix())
	now := func() time.Time { return serverTime }
	open := func() store.Tenant { return s.open(mongo.Options{Now: now}) }
	one, other := open(), open()
	write := func(tenant store.Tenant, token string) string {
		t.Helper()
		ctx, moment := store.WithMoment(t.Context(), token)
		if err := tenant.Write(ctx, func(tx store.Tx) error { return tx.Insert(ctx, "lead", 1, nil, nil) }); err != nil {
			t.Fatal(err)
		}
		return moment.Token()
	}
	read := func(tenant store.Tenant, token string) {
		t.Helper()
		ctx, moment := store.WithMoment(t.Context(), token)
		for _, err := range tenant.Select(ctx, query.Select{Table: "lead", Columns: []query.Ref{query.Field(query.ID)}}) {
			if err != nil {
				t.Fatal(err)
			}
		}
		if moment.Token() != token {
			t.Error("reading moved the moment")
		}
	}
	expect := func(what string, do func(), want ...string) {
		t.Helper()
		since := len(s.everything)
		do()
		if got := commandsAt(s, since); strings.Join(got, ", ") != strings.Join(want, ", ") {
			t.Errorf("%s: the server saw %v, want %v", what, got, want)
		}
	}
	token := write(one, "")
	if token == "" {
		t.Fatal("a write has no moment")
	}
	expect("the process that wrote", func() { read(one, token) }, "find lead")
	expect("another one", func() { read(other, token) }, "find tenants after 12:00:00", "find lead")
	expect("once more", func() { read(other, token) }, "find lead")
	third := open()
	expect("without a moment", func() { read(third, "") }, "find lead")
	expect("a transaction", func() { write(third, token) }, "find tenants after 12:00:00", "find formwork.tables", "insert lead", "find tenants", "commitTransaction")

	forged := func(at, cluster int64) string {
		raw := must(bson.Marshal(bson.D{{Key: "t", Value: primitive.Timestamp{T: uint32(at)}}, {Key: "c", Value: bson.D{{Key: "$clusterTime", Value: bson.D{
			{Key: "clusterTime", Value: primitive.Timestamp{T: uint32(cluster)}}}}}}}))
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	far := serverTime.Add(time.Hour).Unix()
	fourth := open()
	for _, token := range []string{"x", "!", forged(far, serverTime.Unix()), forged(serverTime.Unix(), far), forged(0, 0)} {
		expect("a made up moment", func() { read(fourth, token) }, "find lead")
	}
	if _, moment := store.WithMoment(t.Context(), strings.Repeat("A", 5000)); moment.Token() != "" {
		t.Error("a long token is kept")
	}
	s.script("find", refusal(204)) // somebody signed it who may not
	read(fourth, token)
}
