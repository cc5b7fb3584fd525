package record_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/engine/store/sqlite"
	"formwork/metadata/packages"
)

// crowd is a tenant with the standard packages and many accounts of ten owners, made
// once for all benchmarks. FORMWORK_BENCH_ROWS says how many; 20,000 if it does not.
type crowd struct {
	*world
	callers []*policy.Caller
	ids     [][]id.ID // by owner
	n       atomic.Int64
}

var shared *crowd

var benchWords = []string{"alpha", "bravo", "cobalt", "delta", "ember", "falcon", "granite", "harbor", "indigo", "jasper", "kelvin",
	"lumen", "meridian", "nimbus", "onyx", "pioneer", "quartz", "raven", "summit", "titan", "umbra", "vertex", "willow", "xenon"}

func row(i int, r *rand.Rand) map[string]any {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	a, b := pick(benchWords...), pick(benchWords...)
	return map[string]any{
		"name": fmt.Sprintf("%s %s %s %d", a, b, pick("Ltd", "GmbH", "Inc", "SA"), i), "industry": pick("education", "energy", "retail", "media"),
		"annual_revenue": number(strconv.Itoa(10_000 + r.IntN(500_000_000))), "employees": number(strconv.Itoa(r.IntN(50_000))),
		"phone": fmt.Sprintf("+49 30 %d", 1_000_000+r.IntN(9_000_000)), "email": fmt.Sprintf("info%d@%s%s.example.com", i, a, b),
		"website": fmt.Sprintf("https://%s-%s-%d.example.com/%d", a, b, i, i), "status": pick("prospect", "customer"),
		"description": "Met the buyer at the trade fair and agreed a follow up next quarter. Needs a quote for the annual renewal including support and training.",
	}
}

// durable is a store as servers have it.
func durable(t testing.TB) store.Store {
	t.Helper()
	s, err := sqlite.Open(t.TempDir(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func benchTenant(b *testing.B) *crowd {
	b.Helper()
	if shared != nil {
		return shared
	}
	rows, err := strconv.Atoi(os.Getenv("FORMWORK_BENCH_ROWS"))
	if err != nil {
		rows = 20_000
	}
	w := newWorldOf(keep{b}, durable, "sales", packages.All()...)
	start := time.Now()
	w.now = func() time.Time { return w.time.Add(time.Since(start)) }
	s := &crowd{world: w}
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 10 {
		saved := w.create(w.system(), "user", map[string]any{"name": fmt.Sprint("user ", i), "email": fmt.Sprintf("u%d@example.com", i), "role": "sales_rep", "permissions": []any{"sales_user"}})
		s.callers = append(s.callers, &policy.Caller{Tenant: "acme", User: saved.Record.ID(), Permissions: []string{"sales_user"}, Role: "sales_rep", Language: "en", Location: time.UTC,
			Attributes: map[string]any{"id": int64(saved.Record.ID()), "role": "sales_rep"}})
	}
	s.ids = make([][]id.ID, 10)
	for i := 0; i < rows; i += 500 {
		var ops []record.Operation
		for j := range 500 {
			ops = append(ops, record.Operation{Op: "create", Data: row(i+j, r)})
		}
		owner := i / 500 % 10
		outcomes, err := s.as(owner).Bulk(w.ctx, "account", ops, false)
		if err != nil {
			b.Fatal(err)
		}
		for _, o := range outcomes {
			if o.Fault != nil {
				b.Fatal(o.Fault)
			}
			s.ids[owner] = append(s.ids[owner], o.ID)
		}
	}
	fmt.Fprintf(os.Stderr, "%d accounts in bulk: %.0f a second\n", rows, float64(rows)/time.Since(start).Seconds())
	shared = s
	return s
}

// processorTime is what the process has used, where that can be known.
var processorTime = func() time.Duration { return 0 }

// bytesWritten is what the process has written to files, where that can be known: unlike
// time, it does not depend on what else a machine does.
func bytesWritten() (n int64) {
	text, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "wchar: "); ok {
			n, _ = strconv.ParseInt(strings.TrimSpace(value), 10, 64)
		}
	}
	return n
}

// keep makes what a benchmark sets up outlive it.
type keep struct{ testing.TB }

func (keep) Cleanup(func()) {}
func (k keep) TempDir() string {
	dir, err := os.MkdirTemp("", "record-bench")
	if err != nil {
		k.Fatal(err)
	}
	return dir
}

func (s *crowd) as(owner int) *record.Session {
	return s.service.As(s.tenant, s.snapshot, s.callers[owner])
}

// each runs one call per iteration, by several goroutines at once.
func (s *crowd) each(b *testing.B, call func(session *record.Session, owner, n int) error) {
	b.Helper()
	b.SetParallelism(8)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			n := int(s.n.Add(1))
			owner := n % 10
			if err := call(s.as(owner), owner, n); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}

func BenchmarkCreate(b *testing.B) {
	s := benchTenant(b)
	s.each(b, func(session *record.Session, _, n int) error {
		data := row(1, rand.New(rand.NewPCG(1, uint64(n))))
		data["name"], data["website"] = fmt.Sprint("Created by load ", n), fmt.Sprintf("https://load-%d.example.com", n)
		_, err := session.Create(s.ctx, "account", data)
		return err
	})
}

func BenchmarkUpdate(b *testing.B) {
	s := benchTenant(b)
	s.each(b, func(session *record.Session, owner, n int) error {
		_, err := session.Update(s.ctx, "account", s.ids[owner][n*7919%len(s.ids[owner])], map[string]any{"phone": fmt.Sprint("+49 30 ", n+1_000_000)}, 0)
		return err
	})
}

func BenchmarkGet(b *testing.B) {
	s := benchTenant(b)
	s.each(b, func(session *record.Session, owner, n int) error {
		r, err := session.Get(s.ctx, "account", s.ids[owner][n*7919%len(s.ids[owner])], nil)
		r.AppendJSON(nil)
		return err
	})
}

func BenchmarkList(b *testing.B) {
	s := benchTenant(b)
	s.index(b, 2)
	for _, q := range []struct {
		name  string
		query record.ListQuery
	}{
		{"plain", record.ListQuery{}},
		{"filter,sort", record.ListQuery{Filter: `status == "customer"`, Sort: []string{"-annual_revenue"}}},
		{"filter,sort,total", record.ListQuery{Filter: `status == "customer"`, Sort: []string{"-annual_revenue"}, Total: record.ExactTotal}},
		{"words", record.ListQuery{Q: "raven", Fields: []string{"name"}}},
	} {
		b.Run(q.name, func(b *testing.B) {
			s.each(b, func(session *record.Session, _, _ int) error {
				page, err := session.List(s.ctx, "account", q.query)
				if err != nil {
					return err
				}
				dst := make([]byte, 0, 32<<10)
				for _, item := range page.Items {
					dst = item.AppendJSON(dst)
				}
				return nil
			})
		})
	}
}

// An opportunity that is being written, with an account and a stage that sets values.
func BenchmarkForm(b *testing.B) {
	s := benchTenant(b)
	s.each(b, func(session *record.Session, owner, n int) error {
		account := s.ids[owner][n*7919%len(s.ids[owner])].String()
		f, err := session.Form(s.ctx, "opportunity", record.FormQuery{Data: map[string]any{
			"name": "Renewal", "account": account, "amount": number("1200.50"), "close_date": "2026-06-30"}})
		if err != nil {
			return err
		}
		if len(f.Fields) < 10 || len(f.Values) == 0 {
			return fmt.Errorf("the form has %d fields and the values %s", len(f.Fields), f.Values)
		}
		return nil
	})
}

func BenchmarkAggregate(b *testing.B) {
	s := benchTenant(b)
	s.index(b, 2)
	q := record.AggregateQuery{Group: []record.GroupBy{{Field: "industry"}}, Measures: []record.MeasureOf{{Op: "count"}, {Op: "sum", Field: "annual_revenue"}}}
	s.each(b, func(session *record.Session, _, _ int) error {
		_, err := session.Aggregate(s.ctx, "account", q)
		return err
	})
}

func BenchmarkBulk(b *testing.B) {
	s := benchTenant(b)
	s.index(b, 0)
	for _, rows := range []int{500, 1000} {
		b.Run(fmt.Sprint(rows), func(b *testing.B) { s.bulk(b, rows) })
	}
}

// What the indexes cost that lists may have besides those that accounts always have.
func BenchmarkBulkBesideIndexes(b *testing.B) {
	s := benchTenant(b)
	for _, n := range []int{0, 2, 7} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s.index(b, n)
			s.bulk(b, 1000)
		})
	}
	s.index(b, 0)
}

// indexable are fields that lists and aggregations of accounts ask for.
var indexable = [][]string{{"owner", "status", "annual_revenue"}, {"owner", "industry", "annual_revenue"}, {"owner", "annual_revenue"},
	{"owner", "name"}, {"status", "annual_revenue"}, {"industry", "annual_revenue"}, {"name"}}

// index gives accounts the planned indexes and the first n of those that lists ask for.
func (s *crowd) index(b *testing.B, n int) {
	b.Helper()
	indexes := slices.Clone(s.snapshot.Indexes["account"])
	for _, names := range indexable[:n] {
		index := store.Index{Name: strings.Join(names, ".")}
		for _, name := range names {
			f, ok := s.snapshot.Objects["account"].Field(name)
			if !ok {
				b.Fatalf("accounts have no %s", name)
			}
			c := f.Column
			if f.Key.Name != "" {
				c = f.Key
			}
			index.Columns = append(index.Columns, store.IndexColumn{Column: c})
		}
		indexes = append(indexes, index)
	}
	if err := s.tenant.Index(s.ctx, "account", indexes); err != nil {
		b.Fatal(err)
	}
}

// bulk makes many records in each request.
func (s *crowd) bulk(b *testing.B, rows int) {
	b.Helper()
	b.ReportAllocs()
	used, written := processorTime(), bytesWritten()
	for b.Loop() {
		var ops []record.Operation
		n := s.n.Add(int64(rows))
		for j := range rows {
			ops = append(ops, record.Operation{Op: "create", Data: row(int(n)+j+1_000_000, rand.New(rand.NewPCG(uint64(n), uint64(j))))})
		}
		if _, err := s.as(int(n)%10).Bulk(s.ctx, "account", ops, false); err != nil {
			b.Fatal(err)
		}
	}
	all := float64(rows) * float64(b.N)
	b.ReportMetric(all/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64((processorTime()-used).Nanoseconds())/1000/all, "cpu-µs/row")
	b.ReportMetric(float64(bytesWritten()-written)/all, "written-B/row")
}
