package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"mime/multipart"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// soakRounds is how often the server is killed under load: FORMWORK_SOAK_ROUNDS.
func soakRounds(t *testing.T) int {
	rounds := 6
	if text := os.Getenv("FORMWORK_SOAK_ROUNDS"); text != "" {
		var err error
		if rounds, err = strconv.Atoi(text); err != nil {
			t.Fatalf("FORMWORK_SOAK_ROUNDS: %v", err)
		}
	}
	return rounds
}

// soaking is what is killed again and again.
type soaking struct {
	*server
	others  []*server // processes on the same database, which are killed with it
	t       *testing.T
	ledger  *ledger
	writers []*writer
	admin   *client
	random  *rand.Rand

	imports  []started
	revision int64 // the newest that was acknowledged
	fields   []string
	applies  int
	late     []string // of each, a roll-up and a formula that were added while there were records
}

// started is an import: acknowledged, or perhaps begun.
type started struct {
	word string
	id   string // "" if it was not acknowledged
	rows int
}

// Nothing that was acknowledged is lost, nothing is half-done, whenever the process
// is killed.
func TestKilledUnderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("a soak finds what is rare, and takes its time")
	}
	t.Parallel()
	soak(t, newServer(t))
}

// Nor when two processes on one MongoDB change the same rows, and are killed together.
func TestProcessesKilledUnderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("a soak finds what is rare, and takes its time")
	}
	t.Parallel()
	servers := twoProcesses(t)
	soak(t, servers[0], servers[1:]...)
}

func soak(t *testing.T, one *server, others ...*server) {
	s := &soaking{server: one, others: others, t: t, ledger: newLedger(), random: rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano())))}
	s.admin = s.server.admin(t, "main")
	s.prepare()
	requests := 0
	for round := range soakRounds(t) {
		s.burst(round)
		s.startAll()
		if s.random.IntN(4) == 0 { // and once more, while it goes on with what was left
			time.Sleep(time.Duration(s.random.IntN(100)) * time.Millisecond)
			s.killAll()
			s.startAll()
		}
		s.ledger.settle(t, s.admin)
		s.ledger.check(t, s.admin)
		s.checkConfiguration()
		if t.Failed() {
			t.Fatalf("after round %d", round+1)
		}
	}
	for _, w := range s.writers {
		requests += w.done
	}
	s.finish()
	t.Logf("%d rounds, %d writes acknowledged, %d records, %d imports, %d revisions", soakRounds(t), requests, len(s.ledger.records), len(s.imports), s.revision)
}

// prepare makes roll-ups of roll-ups, users, and what all share.
func (s *soaking) prepare() {
	rollup := func(op, field, result string) object {
		r := object{"type": "rollup", "op": op, "object": "opportunity", "lookup": "account"}
		if field != "" {
			r["field"], r["result"], r["scale"] = field, result, 2
		}
		return r
	}
	number := s.admin.apply(s.t, object{"kind": "object", "name": "account", "fields": object{
		"items_value": rollup("sum", "items_total", "currency"), "biggest_deal": rollup("max", "items_total", "currency"),
		"mean_deal": rollup("avg", "items_total", "currency"), "deals": rollup("count", "", "")}})
	s.revision, _ = number.Int64()
	product := s.admin.create(s.t, "product", object{"name": "Thing", "code": "thing"})
	for i := range 4 {
		token := fmt.Sprint("shared", i)
		k := &kept{object: "account", token: token, version: 1, changes: 1, values: map[string]string{"name": token}}
		k.id = s.admin.create(s.t, "account", object{"name": token})
		s.ledger.shared = append(s.ledger.shared, k)
		s.ledger.keep(k)
	}
	for i := range 5 {
		name := fmt.Sprint("writer", i)
		as := s.admin.user(s.t, "main", name+"@example.com", object{"permissions": []string{"admin"}})
		if through := i % (1 + len(s.others)); through > 0 {
			as.server = s.others[through-1]
		}
		s.writers = append(s.writers, &writer{t: s.t, as: as, ledger: s.ledger, random: rand.New(rand.NewPCG(uint64(i), s.random.Uint64())), name: name, product: product})
	}
}

// burst makes load and kills the server in the middle of it.
func (s *soaking) burst(round int) {
	var working sync.WaitGroup
	for _, w := range s.writers {
		working.Go(w.run)
	}
	if round%3 != 2 {
		working.Go(func() { s.importing(round) })
	}
	working.Go(s.changing)
	time.Sleep(time.Duration(400+s.random.IntN(1200)) * time.Millisecond)
	s.killAll()
	working.Wait()
}

func (s *soaking) killAll() {
	s.kill()
	for _, other := range s.others {
		other.kill()
	}
}

func (s *soaking) startAll() {
	s.start(s.t)
	for _, other := range s.others {
		other.start(s.t)
	}
}

// importing begins to import a file in the background.
func (s *soaking) importing(round int) {
	one := started{word: fmt.Sprintf("import%d", round), rows: 1000}
	var file strings.Builder
	file.WriteString("name,company,email\n")
	for i := range one.rows {
		fmt.Fprintf(&file, "%s lead %d,%s,lead%d@%s.example.com\n", one.word, i, one.word, i, one.word)
	}
	a, err := s.admin.upload(object{"object": "lead"}, []byte(file.String()))
	if err == nil && a.status == 202 {
		one.id = a.json()["id"].(string)
	} else if err == nil {
		s.t.Errorf("importing: %v", a)
	}
	s.imports = append(s.imports, one)
}

// changing changes the configuration until the server is gone.
func (s *soaking) changing() {
	if len(s.late) < 8 && !s.addLate() {
		return
	}
	for {
		s.applies++
		name := fmt.Sprint("extra", s.applies)
		a, err := s.admin.patiently("POST", "/metadata/apply", object{"documents": []object{plain(name, object{"amount": object{"type": "number", "scale": 2},
			"double": object{"type": "formula", "result": "number", "scale": 2, "expression": "amount * 2"}})}})
		if err != nil {
			return
		}
		if a.status != 200 {
			s.t.Errorf("changing the configuration: %v", a)
			return
		}
		revision := total(a.json()["revision"])
		if revision <= s.revision {
			s.t.Errorf("revision %d follows %d", revision, s.revision)
		}
		s.revision = revision
		s.fields = append(s.fields, name)
		if a, err := s.admin.patiently("POST", "/records/"+name, object{"name": "x", "amount": 2}); err == nil && (a.status != 201 || a.json()["double"] != json.Number("4.00")) {
			s.t.Errorf("the first record of a new object: %v", a)
		}
		time.Sleep(150 * time.Millisecond)
	}
}

// addLate adds a roll-up and a formula for the records there are, which background
// work then computes while others change them.
func (s *soaking) addLate() bool {
	s.late = append(s.late, fmt.Sprint("late", len(s.late)))
	opportunity, item := object{}, object{}
	for _, name := range s.late {
		opportunity[name] = object{"type": "rollup", "op": "sum", "object": "line_item", "lookup": "opportunity", "field": "unit_price", "result": "currency", "scale": 2}
		item[name] = object{"type": "formula", "result": "currency", "scale": 2, "expression": "unit_price * 3"}
	}
	a, err := s.admin.patiently("POST", "/metadata/apply", object{"documents": []object{
		{"kind": "object", "name": "opportunity", "fields": opportunity}, {"kind": "object", "name": "line_item", "fields": item}}})
	if err != nil {
		return false
	}
	if a.status != 200 {
		s.t.Errorf("adding fields to objects with records: %v", a)
		return false
	}
	s.revision = total(a.json()["revision"])
	return true
}

// checkLate: what was added late is what it would be if it always had been there.
func (s *soaking) checkLate() {
	t := s.t
	rows := s.admin.must(t, 200, "POST", "/records/line_item/aggregate", object{"group": []object{{"field": "opportunity"}},
		"measures": []object{{"op": "sum", "field": "unit_price", "as": "sum"}}})["rows"].([]any)
	want := map[any]string{}
	for _, row := range rows {
		want[row.(object)["opportunity"]] = fmt.Sprint(row.(object)["sum"])
	}
	there := s.admin.must(t, 200, "GET", "/metadata/object/opportunity", nil)["fields"].(object)
	for _, name := range s.late {
		if there[name] == nil {
			continue // the change was not acknowledged
		}
		wrong := 0
		for _, one := range s.admin.list(t, "opportunity", "fields", "id,"+name, "limit", "500") {
			sum, ok := want[one["id"]]
			if !ok {
				sum = "0"
			}
			if got := fmt.Sprint(one[name]); !equalNumbers(got, sum) {
				if wrong++; wrong <= 3 {
					t.Errorf("opportunity %v: %s is %s, not %s", one["id"], name, got, sum)
				}
			}
		}
		for _, one := range s.admin.list(t, "line_item", "fields", "id,unit_price,"+name, "limit", "500") {
			price, _ := new(big.Rat).SetString(fmt.Sprint(one["unit_price"]))
			if price == nil || !equalNumbers(fmt.Sprint(one[name]), price.Mul(price, big.NewRat(3, 1)).FloatString(2)) {
				t.Errorf("line item %v: %s is %v", one["id"], name, one)
			}
		}
	}
}

// checkConfiguration: every acknowledged revision is there.
func (s *soaking) checkConfiguration() {
	s.t.Helper()
	all := s.admin.must(s.t, 200, "GET", "/metadata?kind=object", nil)
	newest := total(all["revision"])
	if newest != s.revision && newest != s.revision+1 { // one may not have been answered
		s.t.Errorf("revision %d is the newest, and %d was acknowledged", newest, s.revision)
	}
	s.revision = newest
	for _, name := range s.fields {
		if a := s.admin.do(s.t, "GET", "/metadata/object/"+name, nil); a.status != 200 {
			s.t.Errorf("the object %s is lost: %v", name, a)
		}
		if a := s.admin.do(s.t, "GET", "/records/"+name, nil); a.status != 200 {
			s.t.Errorf("the records of %s: %v", name, a)
		}
	}
	s.fields = nil
}

// finish waits for the background work, and checks what it was to do.
func (s *soaking) finish() {
	t := s.t
	untilDone(t, "all background work comes to an end", func() (bool, string) {
		left := s.admin.unfinished(t)
		return len(left) == 0, fmt.Sprint(left)
	})
	if failed := s.admin.must(t, 200, "GET", "/jobs?state=failed", nil)["items"].([]any); len(failed) > 0 {
		t.Errorf("jobs failed: %v", failed)
	}
	s.checkLate()
	for _, one := range s.imports {
		rows := s.admin.must(t, 200, "POST", "/records/lead/aggregate", object{"filter": fmt.Sprintf("company == %q", one.word),
			"measures": []object{{"op": "count", "as": "n"}}, "group": []object{{"field": "email"}}})["rows"].([]any)
		twice := 0
		for _, row := range rows {
			if total(row.(object)["n"]) != 1 {
				twice++
			}
		}
		if twice > 0 || len(rows) != one.rows && (one.id != "" || len(rows) > 0) {
			t.Errorf("%s: %d of %d rows are there, %d more than once", one.word, len(rows), one.rows, twice)
		}
		if one.id != "" {
			im := s.admin.must(t, 200, "GET", "/imports/"+one.id, nil)
			if im["state"] != "done" || total(im["created"]) != int64(one.rows) || total(im["refused"]) != 0 {
				t.Errorf("%s: %v", one.word, im)
			}
		}
	}
	if s.database == "" {
		s.checkTraces()
	}
}

// alwaysThere are the kinds of jobs of which one waits for its time at any time.
var alwaysThere = map[any]bool{"trim_outbox": true, "review_indexes": true, "schedule_workflows": true, "trim_runs": true}

// unfinished are the jobs that wait or run, but for those.
func (c *client) unfinished(t testing.TB) (left []object) {
	t.Helper()
	for _, state := range []string{"waiting", "running"} {
		for _, one := range c.must(t, 200, "GET", "/jobs?limit=500&state="+state, nil)["items"].([]any) {
			if j := one.(object); !alwaysThere[j["kind"]] {
				left = append(left, j)
			}
		}
	}
	return left
}

// checkTraces looks into the file: every live record has one entry in the history
// that made it, and as many events in the outbox as entries.
func (s *soaking) checkTraces() {
	t := s.t
	db := s.file(t, "main", "ro")
	defer db.Close()
	var without, twice, orphans, mismatched int
	for query, into := range map[string]*int{
		`SELECT count(*) FROM lead WHERE id NOT IN (SELECT record FROM _history WHERE action = 'create')`:                &without,
		`SELECT count(*) FROM (SELECT record FROM _history WHERE action = 'create' GROUP BY record HAVING count(*) > 1)`: &twice,
		`SELECT count(*) FROM _bin WHERE id IN (SELECT id FROM opportunity UNION SELECT id FROM line_item)`:              &orphans,
		`WITH h AS MATERIALIZED (SELECT record, action, count(*) AS n FROM _history GROUP BY record, action),
			o AS MATERIALIZED (SELECT record, action, count(*) AS n FROM _outbox GROUP BY record, action)
			SELECT count(*) FROM h LEFT JOIN o USING (record, action) WHERE o.n IS NOT h.n`: &mismatched,
	} {
		if err := db.QueryRow(query).Scan(into); err != nil {
			t.Errorf("%s: %v", query, err)
		}
	}
	if without+twice+orphans+mismatched > 0 {
		t.Errorf("%d leads without history, %d records made twice, %d both live and in the bin, %d entries without an event", without, twice, orphans, mismatched)
	}
	var sound string
	if err := db.QueryRow(`PRAGMA integrity_check`).Scan(&sound); err != nil || sound != "ok" {
		t.Errorf("the file: %s, %v", sound, err)
	}
}

// upload begins an import.
func (c *client) upload(options any, file []byte) (*answer, error) {
	said, err := json.Marshal(options)
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if err := form.WriteField("options", string(said)); err != nil {
		return nil, err
	}
	part, err := form.CreateFormFile("file", "records.csv")
	if err != nil {
		return nil, err
	}
	if _, err := part.Write(file); err != nil {
		return nil, err
	}
	if err := form.Close(); err != nil {
		return nil, err
	}
	return c.patiently("POST", "/imports", text{form.FormDataContentType(), body.String()})
}
