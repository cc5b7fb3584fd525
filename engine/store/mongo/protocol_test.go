package mongo_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/bson"

	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/engine/store/mongo"
	"formwork/metadata/fieldtype"
)

const (
	transient = "TransientTransactionError"
	unknown   = "UnknownTransactionCommitResult"
)

var errOwn = errors.New("of the test")

func text(c bson.Raw, path ...string) string {
	s, _ := c.Lookup(path...).StringValueOK()
	return s
}

func sees(t *testing.T, s *server, want string) {
	t.Helper()
	if got := strings.Join(s.names(), " "); got != want {
		t.Fatalf("the server saw %q, want %q", got, want)
	}
}

// What an operator has to mend is told apart.
func TestWhyAServerDoesNotServe(t *testing.T) {
	certified := httptest.NewUnstartedServer(nil)
	certified.StartTLS() // for its certificate, which nobody trusts
	defer certified.Close()
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	secret := serveOn(t, tls.NewListener(plain, &tls.Config{Certificates: certified.TLS.Certificates}))
	locked, closed, old := newServer(t), newServer(t), newServer(t)
	locked.script("saslStart", refusal(18), refusal(18), refusal(18))
	closed.script("create", refusal(13), refusal(13))
	old.wire = 13
	for _, c := range []struct {
		code, uri string
		kind      fault.Kind
	}{
		{"mongo.certificate", "mongodb://" + secret.address + "/?directConnection=true&tls=true&serverSelectionTimeoutMS=2000", fault.Unavailable},
		{"mongo.login", "mongodb://ada:wrong@" + locked.address + "/?directConnection=true&authMechanism=SCRAM-SHA-256", fault.Unavailable},
		{"mongo.not_allowed", "mongodb://" + closed.address + "/?directConnection=true", fault.Unavailable},
		{"mongo.version", "mongodb://" + old.address + "/?directConnection=true", fault.Invalid},
	} {
		_, err := mongo.Open(t.Context(), c.uri, mongo.Options{})
		if !fault.Is(err, c.code) || fault.KindOf(err) != c.kind {
			t.Errorf("%s: got %v", c.code, err)
		}
	}
}

// An index is ready once most members have it, and the one of the longest word finds rows.
// The server is told for how long somebody waits.
func TestWhatCommandsSay(t *testing.T) {
	s := newServer(t)
	tenant := s.open(mongo.Options{})
	s.keeps = tablesKeeper()
	table := store.Table{Name: "lead", Search: true, Columns: []query.Column{{Name: "n", Storage: fieldtype.Int}}}
	if err := tenant.Define(t.Context(), table); err != nil {
		t.Fatal(err)
	}
	if err := tenant.Write(t.Context(), func(tx store.Tx) error { return tx.Insert(t.Context(), "lead", 1, nil, nil) }); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	words := []query.Word{{Text: "a", Prefix: true}, {Text: "longest"}, {Text: "longer"}}
	for _, err := range tenant.Select(ctx, query.Select{Table: "lead", Columns: []query.Ref{query.Field(query.ID)}, Words: words}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	built, found := false, false
	for _, c := range s.commands() {
		elements, _ := c.Elements()
		switch elements[0].Key() {
		case "createIndexes":
			built = true
			if got := text(c, "commitQuorum"); got != "majority" {
				t.Errorf("an index waits for %q", got)
			}
		case "find":
			if text(c, "find") != "lead" {
				continue
			}
			found = true
			if got := c.Lookup("maxTimeMS").AsInt64(); got <= 0 || got > 60_000 {
				t.Errorf("the server may take %d ms", got)
			}
			if filter := c.Lookup("filter").String(); !(strings.Index(filter, "longest") < strings.Index(filter, "longer") && strings.Index(filter, "longer") < strings.Index(filter, "^a")) {
				t.Errorf("words are asked for as %s", filter)
			}
		}
	}
	if !built || !found {
		t.Errorf("built: %v, found: %v; saw %v", built, found, s.names())
	}
}

func TestOpen(t *testing.T) {
	s := newServer(t)
	s.standalone = true
	uri := "mongodb://" + s.address + "/?directConnection=true"
	if _, err := mongo.Open(t.Context(), uri, mongo.Options{}); !fault.Is(err, "mongo.standalone") {
		t.Errorf("a standalone server: %v", err)
	}
	if opened, err := mongo.Open(t.Context(), uri, mongo.Options{AllowStandalone: true}); err != nil {
		t.Errorf("a standalone server that is allowed: %v", err)
	} else if err := opened.Close(); err != nil {
		t.Error(err)
	}
	_, err := mongo.Open(t.Context(), "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=50", mongo.Options{})
	if !fault.Is(err, "mongo.unavailable") || fault.KindOf(err) != fault.Unavailable {
		t.Errorf("no server: %v", err)
	}
	for _, uri := range []string{"", "postgres://x", "mongodb://user:se%cret@host", "mongodb://h/?maxPoolSize=x"} {
		_, err := mongo.Open(t.Context(), uri, mongo.Options{})
		if !fault.Is(err, "mongo.uri") || strings.Contains(err.Error(), "cret") {
			t.Errorf("%q: %v", uri, err)
		}
	}
}

func TestWriteIsATransaction(t *testing.T) {
	s := newServer(t)
	tenant := s.open(mongo.Options{})
	err := tenant.Write(t.Context(), func(tx store.Tx) error {
		if err := tx.Insert(t.Context(), "lead", 1, map[string]any{"a:t": "x", "b:i": int64(1), "c:b": nil}, nil); err != nil {
			return err
		}
		return tx.Update(t.Context(), "lead", 1, 7, map[string]any{"a.b:t": nil, "version": int64(8)}, []string{})
	})
	if err != nil {
		t.Fatal(err)
	}
	sees(t, s, "insert update commitTransaction")
	commands := s.commands()
	if level := text(commands[0], "readConcern", "level"); level != "snapshot" {
		t.Errorf("the transaction reads with concern %q", level)
	}
	if first, _ := commands[0].Lookup("startTransaction").BooleanOK(); !first {
		t.Error("the first command does not start the transaction")
	}
	for _, c := range commands {
		if auto, ok := c.Lookup("autocommit").BooleanOK(); !ok || auto {
			t.Errorf("not in the transaction: %s", c)
		}
	}
	if w := text(commands[2], "writeConcern", "w"); w != "majority" {
		t.Errorf("committed with concern %q", w)
	}
}

func TestWriteIsTriedAgain(t *testing.T) {
	for _, c := range []struct {
		name    string
		command string
		answers []bson.D
		runs    int
		sees    string
		fault   string
	}{
		{"a conflict", "update", []bson.D{refusal(112, transient)}, 2, "update abortTransaction update commitTransaction", ""},
		{"several conflicts", "update", []bson.D{refusal(112, transient), refusal(112, transient)}, 3,
			"update abortTransaction update abortTransaction update commitTransaction", ""},
		{"a commit that conflicts", "commitTransaction", []bson.D{refusal(251, transient)}, 2, "update commitTransaction update commitTransaction", ""},
		{"a commit that may have happened", "commitTransaction", []bson.D{refusal(50, unknown), refusal(64, unknown)}, 1,
			"update commitTransaction commitTransaction commitTransaction", ""},
		{"a commit that did not happen", "commitTransaction", []bson.D{refusal(8)}, 1, "update commitTransaction", "internal"},
		{"a mistake", "update", []bson.D{refusal(9)}, 1, "update abortTransaction", "internal"},
		{"a row of another version", "update", []bson.D{changed(0), changed(0)}, 2,
			"update abortTransaction update abortTransaction", "store.stale"},
		{"no primary", "update", []bson.D{refusal(10107)}, 1, "update abortTransaction", "mongo.unavailable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newServer(t)
			tenant := s.open(mongo.Options{})
			s.script(c.command, c.answers...)
			runs := 0
			err := tenant.Write(t.Context(), func(tx store.Tx) error {
				runs++
				return tx.Update(t.Context(), "lead", 1, 1, map[string]any{"a:t": "x"}, nil)
			})
			if runs != c.runs {
				t.Errorf("ran %d times, want %d", runs, c.runs)
			}
			if c.fault == "" && err != nil || c.fault != "" && (err == nil || fault.From(err).Code != c.fault) {
				t.Errorf("got %v, want %q", err, c.fault)
			}
			sees(t, s, c.sees)
		})
	}
}

// A lock must change something, or the server would not have two of them conflict.
func TestLockIsAWriteThatConflicts(t *testing.T) {
	s := newServer(t)
	tenant := s.open(mongo.Options{})
	s.script("update", refusal(112, transient))
	s.script("aggregate", found(bson.D{{Key: "_id", Value: 1}, {Key: "n", Value: 1}}), found())
	var counts []int64
	err := tenant.Write(t.Context(), func(tx store.Tx) error {
		n, err := tx.Count(t.Context(), "lead", nil, nil, 0)
		counts = append(counts, n)
		if err != nil {
			return err
		}
		return tx.Lock(t.Context(), "account", 5)
	})
	if err != nil || !slices.Equal(counts, []int64{1, 0}) {
		t.Fatalf("counted %v, %v", counts, err)
	}
	sees(t, s, "aggregate update abortTransaction aggregate update commitTransaction")
	update := s.commands()[4]
	if key, _ := update.Lookup("updates", "0", "q", "_id").Int64OK(); key != 5 {
		t.Errorf("locks %s", update)
	}
	if by, _ := update.Lookup("updates", "0", "u", "$inc", "_lock").Int64OK(); by != 1 {
		t.Errorf("locks by %s", update)
	}
}

// A standalone server has nothing to lock with; its Writes wait for each other.
func TestLockOnAStandaloneServer(t *testing.T) {
	s := newServer(t)
	s.standalone = true
	tenant := s.open(mongo.Options{AllowStandalone: true})
	if err := tenant.Write(t.Context(), func(tx store.Tx) error { return tx.Lock(t.Context(), "account", 5) }); err != nil {
		t.Fatal(err)
	}
	sees(t, s, "")
}

// What fn makes of a conflict does not matter: it is run again.
func TestConflictThatFnHides(t *testing.T) {
	s := newServer(t)
	tenant := s.open(mongo.Options{})
	s.script("update", refusal(112, transient))
	runs := 0
	err := tenant.Write(t.Context(), func(tx store.Tx) error {
		runs++
		if err := tx.Update(t.Context(), "lead", 1, 1, map[string]any{"a:t": "x"}, nil); err != nil {
			return errOwn
		}
		return nil
	})
	if err != nil || runs != 2 {
		t.Fatalf("%d runs, %v", runs, err)
	}
}

func TestRefusedInsert(t *testing.T) {
	for _, c := range []struct{ index, code string }{{"_id_", "store.duplicate_id"}, {"lead_key", "store.not_unique"}} {
		s := newServer(t)
		tenant := s.open(mongo.Options{})
		s.script("insert", duplicate(c.index), duplicate(c.index))
		err := tenant.Write(t.Context(), func(tx store.Tx) error { return tx.Insert(t.Context(), "lead", 1, nil, nil) })
		if !fault.Is(err, c.code) || fault.KindOf(err) != fault.Conflict {
			t.Errorf("%s: %v", c.index, err)
		}
		if c.code == "store.not_unique" && fault.From(err).Params["index"] != c.index {
			t.Errorf("the index is %v", fault.From(err).Params["index"])
		}
		sees(t, s, "insert abortTransaction insert abortTransaction")
	}
}

// Who makes something else of a refusal is heard.
func TestRefusalInOwnWords(t *testing.T) {
	s := newServer(t)
	tenant := s.open(mongo.Options{})
	s.script("insert", duplicate("lead_key"), duplicate("lead_key"))
	err := tenant.Write(t.Context(), func(tx store.Tx) error {
		if err := tx.Insert(t.Context(), "lead", 1, nil, nil); err != nil {
			return fault.New(fault.Conflict, "record.not_unique", "field", "Key").Because(err)
		}
		return nil
	})
	if fault.From(err).Code != "record.not_unique" {
		t.Errorf("got %v", err)
	}
}

// A write that goes on after a refusal is run again and asks before it inserts.
func TestGoingOnAfterARefusal(t *testing.T) {
	s := newServer(t)
	tenant := s.open(mongo.Options{})
	s.script("insert", duplicate("_id_"), duplicate("_id_"))
	s.script("listIndexes", found())
	s.script("aggregate", found(bson.D{{Key: "_id", Value: 1}, {Key: "n", Value: 1}}), found())
	runs := 0
	err := tenant.Write(t.Context(), func(tx store.Tx) error {
		runs++
		if err := tx.Insert(t.Context(), "lead", 1, nil, nil); runs > 1 && !fault.Is(err, "store.duplicate_id") {
			t.Errorf("run %d: %v", runs, err)
		}
		return tx.Insert(t.Context(), "lead", 2, nil, nil)
	})
	if err != nil || runs != 3 {
		t.Fatalf("%d runs, %v", runs, err)
	}
	sees(t, s, "insert abortTransaction insert abortTransaction aggregate aggregate find listIndexes insert commitTransaction")
}

// An attempt that is refused before it wrote costs nothing; one that wrote has the
// write run again, once, in a transaction that keeps how attempts are undone.
func TestAttempts(t *testing.T) {
	s := newServer(t)
	tenant := s.open(mongo.Options{})
	s.script("listIndexes", found())
	before := bson.D{{Key: "_id", Value: int64(1)}, {Key: "n:i", Value: int64(5)}}
	s.script("findAndModify", bson.D{{Key: "ok", Value: 1}, {Key: "value", Value: before}})
	runs := 0
	own := errors.New("of the test")
	attempt := func(tx store.Tx, fn func() error) {
		if refused, err := tx.Attempt(t.Context(), fn); err != nil || !errors.Is(refused, own) {
			t.Errorf("run %d: refused %v, over %v", runs, refused, err)
		}
	}
	err := tenant.Write(t.Context(), func(tx store.Tx) error {
		runs++
		attempt(tx, func() error { return own })
		attempt(tx, func() error {
			if err := tx.Insert(t.Context(), "lead", 7, nil, nil); err != nil {
				return err
			}
			if err := tx.Update(t.Context(), "lead", 1, 0, map[string]any{"n:i": int64(6)}, nil); err != nil && runs > 1 {
				return err
			}
			return own
		})
		return tx.Insert(t.Context(), "lead", 2, nil, nil)
	})
	if err != nil || runs != 2 {
		t.Fatalf("%d runs, %v", runs, err)
	}
	sees(t, s, "aggregate find listIndexes insert find findAndModify update delete aggregate insert commitTransaction")
	commands := s.commands()
	for i, c := range commands {
		if n := c.Lookup("lsid"); i > 2 && n.Type == 0 {
			t.Errorf("%s is outside of the session", c)
		}
	}
	restored := commands[6].Lookup("updates").String()
	if !strings.Contains(restored, `"n:i": {"$numberLong":"5"}`) {
		t.Errorf("the row is restored as %s", restored)
	}
	if deleted := commands[7].Lookup("deletes").String(); !strings.Contains(deleted, `"_id": {"$numberLong":"7"}`) {
		t.Errorf("deleted is %s", deleted)
	}
}

// A transaction that the server ended within an attempt is over, whatever fn says.
func TestAttemptInATransactionThatIsLost(t *testing.T) {
	s := newServer(t)
	tenant := s.open(mongo.Options{})
	s.script("update", refusal(251, transient))
	runs := 0
	err := tenant.Write(t.Context(), func(tx store.Tx) error {
		runs++
		refused, err := tx.Attempt(t.Context(), func() error {
			if err := tx.Update(t.Context(), "lead", 1, 0, map[string]any{"n:i": int64(6)}, nil); err != nil {
				return err
			}
			if _, err := tx.Count(t.Context(), "lead", nil, nil, 0); err != nil { // which the update is sent before
				return errors.New("something else")
			}
			return nil
		})
		if runs == 1 && (refused != nil || err == nil) {
			t.Errorf("refused %v, over %v", refused, err)
		}
		return nil
	})
	if err != nil || runs != 2 {
		t.Errorf("%d runs, %v", runs, err)
	}
	sees(t, s, "update abortTransaction update aggregate commitTransaction")
}

func TestReadsAreSnapshots(t *testing.T) {
	s := newServer(t)
	tenant := s.open(mongo.Options{})
	s.script("find", refusal(246), refusal(246), found(bson.D{{Key: "_id", Value: int64(5)}}))
	q := query.Select{Table: "lead", Columns: []query.Ref{query.Field(query.ID)}, Limit: 10}
	var rows []any
	for row, err := range tenant.Select(t.Context(), q) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row[0])
	}
	if !slices.Equal(rows, []any{int64(5)}) {
		t.Errorf("got %v", rows)
	}
	sees(t, s, "find find find")
	if level := text(s.commands()[2], "readConcern", "level"); level != "snapshot" {
		t.Errorf("reads with concern %q", level)
	}
}

// A Select that is cut off goes on behind its last row; one that can't tell where
// that was says so.
func TestSelectThatIsCutOff(t *testing.T) {
	number := query.Field(query.Column{Name: "n:i", Storage: fieldtype.Int})
	row := func(key, n int64) bson.D { return bson.D{{Key: "_id", Value: key}, {Key: "n:i", Value: n}} }
	sorted := []query.Order{{Ref: number, Descending: true}, {Ref: query.Field(query.ID)}}
	for _, c := range []struct {
		name  string
		sort  []query.Order
		limit int
		code  int
		want  []int64
		sees  string
	}{
		{"the snapshot is too old", sorted, 0, 239, []int64{9, 7, 3}, "find getMore killCursors find"},
		{"the cursor is gone", sorted, 0, 43, []int64{9, 7, 3}, "find getMore killCursors find"},
		{"the index is gone", sorted, 1000, 175, []int64{9, 7, 3}, "find getMore killCursors find"},
		{"another primary", sorted, 0, 11602, []int64{9, 7, 3}, "find getMore killCursors find"},
		{"a mistake", sorted, 0, 9, []int64{9, 7}, "find getMore killCursors"},
		{"in no order", sorted[:1], 0, 239, []int64{9, 7}, "find getMore killCursors"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newServer(t)
			tenant := s.open(mongo.Options{})
			s.script("find", begun(row(2, 9), row(5, 7)), found(row(1, 3)))
			s.script("getMore", refusal(c.code))
			var got []int64
			var failed error
			q := query.Select{Table: "lead", Columns: []query.Ref{number}, Sort: c.sort, Limit: c.limit}
			for row, err := range tenant.Select(t.Context(), q) {
				if failed = err; err != nil {
					break
				}
				if len(row) != 1 {
					t.Errorf("a row of %d values", len(row))
				}
				got = append(got, row[0].(int64))
			}
			if !slices.Equal(got, c.want) || (failed != nil) != (len(c.want) < 3) {
				t.Errorf("got %v, %v", got, failed)
			}
			sees(t, s, c.sees)
			if len(c.want) < 3 {
				return
			}
			again := s.commands()[3]
			if after := again.Lookup("filter").String(); !strings.Contains(after, `"$numberLong":"7"`) || !strings.Contains(after, `"$numberLong":"5"`) {
				t.Errorf("goes on from %s", after)
			}
			if limit, _ := again.Lookup("limit").AsInt64OK(); c.limit > 0 && limit != int64(c.limit)-2 {
				t.Errorf("goes on for %d", limit)
			}
		})
	}
}

// Transactions that conflict again and again, or last longer than servers let them,
// are not begun anew for ever.
func TestWriteGivesUp(t *testing.T) {
	s := newServer(t)
	now := time.Unix(1e9, 0)
	tenant := s.open(mongo.Options{Now: func() time.Time { return now }})
	s.script("update", refusal(251, transient), refusal(251, transient))
	runs := 0
	err := tenant.Write(t.Context(), func(tx store.Tx) error {
		runs++
		now = now.Add(40 * time.Second)
		return tx.Update(t.Context(), "lead", 1, 1, map[string]any{"a:t": "x"}, nil)
	})
	if !fault.Is(err, "store.busy") || fault.KindOf(err) != fault.Unavailable || runs != 2 {
		t.Errorf("%d runs, %v", runs, err)
	}
}

func TestTooLarge(t *testing.T) {
	for code, want := range map[int]string{257: "mongo.too_large", 388: "mongo.too_large", 10334: "store.row_too_large", 17419: "store.row_too_large"} {
		s := newServer(t)
		tenant := s.open(mongo.Options{})
		s.script("update", refusal(code))
		err := tenant.Write(t.Context(), func(tx store.Tx) error {
			return tx.Update(t.Context(), "lead", 1, 1, map[string]any{"a:t": "x"}, nil)
		})
		if !fault.Is(err, want) || fault.KindOf(err) != fault.TooLarge {
			t.Errorf("%d: %v", code, err)
		}
	}
	s := newServer(t)
	tenant := s.open(mongo.Options{})
	err := tenant.Write(t.Context(), func(tx store.Tx) error {
		return tx.Insert(t.Context(), "lead", 1, map[string]any{"a:t": strings.Repeat("x", 17<<20)}, nil)
	})
	if !fault.Is(err, "store.row_too_large") {
		t.Errorf("a large document: %v", err)
	}
	if slices.Contains(s.names(), "insert") {
		t.Error("the server was sent what it can't take")
	}
}

// Groups that hold more values than a server can are refused as what is too complex.
func TestTooManyValuesOfGroups(t *testing.T) {
	for _, code := range []int{146, 10334} {
		s := newServer(t)
		tenant := s.open(mongo.Options{})
		s.script("aggregate", refusal(code))
		measure := query.Measure{Op: query.PercentileLow, Ref: query.Field(query.Column{Name: "n:i", Storage: fieldtype.Int}), Percent: 50}
		for _, err := range tenant.Aggregate(t.Context(), query.Aggregate{Table: "lead", Measures: []query.Measure{measure}}) {
			if !fault.Is(err, "query.too_complex") || fault.KindOf(err) != fault.Limited {
				t.Errorf("%d: %v", code, err)
			}
		}
	}
}

// That a collection was just made does not mean that a server has no snapshots.
func TestOpenWaitsForASnapshot(t *testing.T) {
	s := newServer(t)
	s.script("find", refusal(246), refusal(246))
	tenant := s.open(mongo.Options{})
	if _, err := tenant.Count(t.Context(), "lead", nil, nil, 0); err != nil {
		t.Fatal(err)
	}
	if level := text(s.commands()[0], "readConcern", "level"); level != "snapshot" {
		t.Errorf("reads with concern %q", level)
	}
	other := newServer(t)
	other.script("find", refusal(11600))
	if _, err := mongo.Open(t.Context(), "mongodb://"+other.address+"/?directConnection=true&retryReads=false", mongo.Options{}); !fault.Is(err, "mongo.unavailable") {
		t.Errorf("a server that shuts down: %v", err)
	}
}

func TestReadsWithoutSnapshots(t *testing.T) {
	s := newServer(t)
	s.script("find", refusal(72)) // what Open tries
	tenant := s.open(mongo.Options{})
	if _, err := tenant.Count(t.Context(), "lead", nil, nil, 0); err != nil {
		t.Fatal(err)
	}
	if level := text(s.commands()[0], "readConcern", "level"); level != "majority" {
		t.Errorf("reads with concern %q", level)
	}
}

func TestWriteThatPanics(t *testing.T) {
	s := newServer(t)
	tenant := s.open(mongo.Options{})
	err := tenant.Write(t.Context(), func(tx store.Tx) error {
		if _, err := tx.Count(t.Context(), "lead", nil, nil, 0); err != nil {
			return err
		}
		panic("of the test")
	})
	if fault.KindOf(err) != fault.Internal || !strings.Contains(err.Error(), "of the test") {
		t.Errorf("got %v", err)
	}
	sees(t, s, "aggregate abortTransaction")
}

// A standalone server gets what was written taken back, last first.
func TestStandaloneTakesBack(t *testing.T) {
	s := newServer(t)
	s.standalone = true
	tenant := s.open(mongo.Options{AllowStandalone: true})
	s.script("find", found(bson.D{{Key: "_id", Value: int64(1)}, {Key: "a:t", Value: "old"}}))
	err := tenant.Write(t.Context(), func(tx store.Tx) error {
		if err := tx.Update(t.Context(), "lead", 1, 1, map[string]any{"a:t": "new"}, nil); err != nil {
			return err
		}
		if err := tx.Insert(t.Context(), "lead", 2, nil, nil); err != nil {
			return err
		}
		return errOwn
	})
	if !errors.Is(err, errOwn) {
		t.Fatalf("got %v", err)
	}
	sees(t, s, "aggregate insert find update update delete")
	if restored := s.commands()[4].Lookup("updates", "0", "u").String(); !strings.Contains(restored, "old") {
		t.Errorf("restored is %s", restored)
	}
}

// A tenant that another process deleted is noticed by a read when the registry is asked
// again.
func TestTenantDeletedElsewhere(t *testing.T) {
	s := newServer(t)
	now := time.Unix(1e9, 0)
	tenant := s.open(mongo.Options{Now: func() time.Time { return now }})
	s.unlist("acme")
	if _, err := tenant.Count(t.Context(), "lead", nil, nil, 0); err != nil {
		t.Fatal(err)
	}
	sees(t, s, "aggregate")
	now = now.Add(time.Minute)
	if _, err := tenant.Count(t.Context(), "lead", nil, nil, 0); !fault.Is(err, "tenant.not_found") {
		t.Errorf("read: %v", err)
	}
	err := tenant.Write(t.Context(), func(store.Tx) error { t.Error("ran"); return nil })
	if !fault.Is(err, "tenant.not_found") {
		t.Errorf("write: %v", err)
	}
}

// The registry is asked once by a write, after all that it writes: a tenant that was
// deleted until then gets no commit, and nothing of it goes on.
func TestWriteAsksWhetherTheTenantIsThere(t *testing.T) {
	s := newServer(t)
	tenant := s.open(mongo.Options{})
	write := func(last func()) error {
		return tenant.Write(t.Context(), func(tx store.Tx) error {
			defer last()
			return tx.Insert(t.Context(), "lead", 1, nil, nil)
		})
	}
	before := s.asked
	if err := write(func() {}); err != nil || s.asked != before+1 {
		t.Errorf("the registry was asked %d times, %v", s.asked-before, err)
	}
	if err := write(func() { s.unlist("acme") }); !fault.Is(err, "tenant.not_found") || fault.KindOf(err) != fault.NotFound {
		t.Errorf("written to a tenant that is gone: %v", err)
	}
	sees(t, s, "insert commitTransaction insert abortTransaction")
	if _, err := tenant.Count(t.Context(), "lead", nil, nil, 0); !fault.Is(err, "tenant.not_found") {
		t.Errorf("a read after that: %v", err)
	}
}

// What a definition made anew of a deleted tenant's database is dropped.
func TestDefineOfADeletedTenant(t *testing.T) {
	s := newServer(t)
	tenant := s.open(mongo.Options{})
	s.unlist("acme")
	if err := tenant.Define(t.Context(), store.Table{Name: "lead"}); !fault.Is(err, "tenant.not_found") {
		t.Errorf("got %v", err)
	}
	sees(t, s, "find update dropDatabase")
}

// A tenant's database is named after its identity, whatever the length of its name.
func TestDatabaseOfATenant(t *testing.T) {
	s := newServer(t)
	opened, err := mongo.Open(t.Context(), "mongodb://"+s.address+"/?directConnection=true&retryReads=false", mongo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	for _, name := range []string{"acme", strings.Repeat("a", 63)} {
		tenant, err := opened.Create(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		database := s.listed[name].Lookup("database").StringValue()
		if !strings.HasSuffix(database, "_"+tenant.Identity()) || !strings.HasPrefix(database, "formwork_"+name[:4]) || len(database) > 63 {
			t.Errorf("%s is kept in %s", name, database)
		}
	}
}

func TestValuesThatAreNotInStoredForm(t *testing.T) {
	s := newServer(t)
	tenant := s.open(mongo.Options{})
	for _, v := range []any{1, 1.5, time.Time{}, []any{"a"}, map[string]any{}} {
		err := tenant.Write(t.Context(), func(tx store.Tx) error {
			return tx.Insert(t.Context(), "lead", 1, map[string]any{"a:t": v}, nil)
		})
		if err == nil {
			t.Errorf("took %T", v)
		}
	}
	s.script("find", found(bson.D{{Key: "a:t", Value: 1.5}}))
	q := query.Select{Table: "lead", Columns: []query.Ref{query.Field(query.Column{Name: "a:t", Storage: fieldtype.Text})}}
	for _, err := range tenant.Select(t.Context(), q) {
		if err == nil {
			t.Error("gave a text for a number")
		}
	}
}

// A collection never has more indexes than the server lets it have, also while they are
// exchanged; where there is room, the old ones serve until the new ones are there.
func TestIndexesAreExchangedWithinTheirLimit(t *testing.T) {
	for have, want := range map[int]string{
		10: "listIndexes createIndexes dropIndexes dropIndexes",
		61: "listIndexes dropIndexes createIndexes dropIndexes",
	} {
		s := newServer(t)
		tenant := s.open(mongo.Options{})
		listed := []bson.D{{{Key: "name", Value: "_id_"}, {Key: "key", Value: bson.D{{Key: "_id", Value: 1}}}}}
		var kept []store.Index
		for i := range have {
			c := query.Column{Name: "c" + strconv.Itoa(i), Storage: fieldtype.Int}
			listed = append(listed, bson.D{{Key: "name", Value: "i" + strconv.Itoa(i)}, {Key: "key", Value: bson.D{{Key: c.Name, Value: int32(1)}, {Key: "_id", Value: int32(1)}}}})
			kept = append(kept, store.Index{Name: "i" + strconv.Itoa(i), Columns: []store.IndexColumn{{Column: c}}})
		}
		s.keeps = func(name string, _ bson.Raw) bson.D {
			if name == "listIndexes" {
				return found(listed...)
			}
			return nil
		}
		fresh := store.Index{Name: "fresh", Columns: []store.IndexColumn{{Column: query.Column{Name: "fresh", Storage: fieldtype.Int}}}}
		if err := tenant.Index(t.Context(), "lead", append(kept[2:], fresh)); err != nil {
			t.Fatal(err)
		}
		var saw []string
		for _, name := range s.names() {
			if strings.HasSuffix(name, "ndexes") {
				saw = append(saw, name)
			}
		}
		if got := strings.Join(saw, " "); got != want {
			t.Errorf("of %d indexes two are exchanged for one: %s, want %s", have, got, want)
		}
	}
}
