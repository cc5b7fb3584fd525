package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

const benchRows = 100_000

func col(name string, s fieldtype.Storage) query.Column { return query.Column{Name: name, Storage: s} }

var (
	bName      = col("name:t", fieldtype.Text)
	bNameKey   = col("name:k", fieldtype.Text)
	bIndustry  = col("industry:t", fieldtype.Text)
	bRevenue   = col("annual_revenue:i2", fieldtype.Int)
	bEmployees = col("employees:i0", fieldtype.Int)
	bPhone     = col("phone:t", fieldtype.Text)
	bEmail     = col("email:t", fieldtype.Text)
	bWebsite   = col("website:t", fieldtype.Text)
	bCity      = col("city:t", fieldtype.Text)
	bStatus    = col("status:t", fieldtype.Text)
	bNotes     = col("notes:t", fieldtype.Text)

	benchColumns = []query.Column{query.Version, query.CreatedAt, query.CreatedBy, query.UpdatedAt, query.UpdatedBy, query.Owner,
		bName, bNameKey, bIndustry, bRevenue, bEmployees, bPhone, bEmail, bWebsite, bCity, bStatus, bNotes}

	benchAccount = store.Table{Name: "account", Columns: benchColumns, Search: true, Indexes: []store.Index{
		{Name: "list", Columns: []store.IndexColumn{{Column: query.Owner}, {Column: bStatus}, {Column: bRevenue}}},
		{Name: "name", Columns: []store.IndexColumn{{Column: bNameKey}}},
	}}
	benchCovered = store.Index{Name: "industry", Columns: []store.IndexColumn{{Column: bIndustry}, {Column: bRevenue}}}
	benchHistory = store.Table{Name: "_history", Columns: []query.Column{col("object", fieldtype.Text), col("record", fieldtype.Int), col("version", fieldtype.Int),
		col("at", fieldtype.Int), col("by", fieldtype.Int), col("changes", fieldtype.JSON)}, Indexes: []store.Index{
		{Name: "record", Columns: []store.IndexColumn{{Column: col("record", fieldtype.Int)}}}}}
	benchOutbox = store.Table{Name: "_outbox", Columns: []query.Column{col("object", fieldtype.Text), col("record", fieldtype.Int), col("event", fieldtype.JSON)}}

	industries = strings.Fields("agriculture banking construction education energy healthcare manufacturing media retail technology")
	statuses   = strings.Fields("lead prospect customer churned blocked")
	cities     = strings.Fields("Amsterdam Berlin Chicago Delhi Essen Florence Graz Hamburg Istanbul Jakarta Kyoto Lagos Madrid Nairobi")
	vocabulary = strings.Fields("alpha bravo cobalt delta ember falcon granite harbor indigo jasper kelvin lumen meridian nimbus onyx pioneer quartz raven summit titan umbra vertex willow xenon yonder zephyr")
	suffixes   = strings.Fields("Ltd GmbH Inc SA Holdings Partners")
	lorem      = strings.Repeat("Met the buyer at the trade fair and agreed a follow up next quarter. Needs a quote for the annual renewal including support and training. ", 3)
)

// benchID spreads ids as real ones are: rising.
func benchID(i int) id.ID { return id.ID(1<<60 + int64(i)<<21) }

func benchRow(i int) (map[string]any, []string) {
	r := rand.New(rand.NewPCG(uint64(i), 1))
	one, two := vocabulary[r.IntN(26)], vocabulary[r.IntN(26)]
	suffix := suffixes[r.IntN(6)]
	name := fmt.Sprintf("%s %s %s %d", strings.ToUpper(one[:1])+one[1:], two, suffix, i)
	at := int64(1_420_000_000_000) + r.Int64N(340_000_000_000)
	row := map[string]any{
		"version": int64(1), "created_at": at, "created_by": int64(7), "updated_at": at, "updated_by": int64(7), "owner": int64(i%10 + 1),
		bName.Name: name, bNameKey.Name: strings.ToLower(name), bIndustry.Name: industries[r.IntN(10)], bRevenue.Name: 10_000 + r.Int64N(500_000_000)*100,
		bEmployees.Name: r.Int64N(50_000), bPhone.Name: fmt.Sprintf("+49 30 %d", 1_000_000+r.IntN(9_000_000)), bEmail.Name: fmt.Sprintf("info%d@%s%s.example.com", i, one, two),
		bWebsite.Name: fmt.Sprintf("https://%s-%s.example.com/%d", one, two, i), bCity.Name: cities[r.IntN(14)], bStatus.Name: statuses[r.IntN(5)], bNotes.Name: lorem[:100+r.IntN(180)],
	}
	return row, []string{one, two, strings.ToLower(suffix), fmt.Sprint(i), strings.ToLower(row[bCity.Name].(string)), fmt.Sprintf("info%d@%s%s.example.com", i, one, two)}
}

func benchTenant(b *testing.B, rows int, o Options) *tenant {
	b.Helper()
	s, err := Open(b.TempDir(), o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	handle, err := s.Create(b.Context(), "acme")
	if err != nil {
		b.Fatal(err)
	}
	if err := handle.Define(b.Context(), benchAccount, benchHistory, benchOutbox); err != nil {
		b.Fatal(err)
	}
	for from := 0; from < rows; from += 1000 {
		err := handle.Write(b.Context(), func(tx store.Tx) error {
			for i := from; i < min(from+1000, rows); i++ {
				row, words := benchRow(i)
				if err := tx.Insert(b.Context(), "account", benchID(i), row, words); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return handle.(*tenant)
}

// processorTime is what the process has used, where that can be known.
var processorTime = func() time.Duration { return 0 }

// parallel runs do on 16 goroutines.
func parallel(b *testing.B, do func(n int) error) {
	var n atomic.Int64
	b.ReportAllocs()
	b.SetParallelism(8)
	b.ResetTimer()
	used := processorTime()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := do(int(n.Add(1))); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
	b.ReportMetric(float64((processorTime()-used).Nanoseconds())/1000/float64(b.N), "cpu-µs/op")
}

func drainRows(rows func(func(store.Row, error) bool)) error {
	for _, err := range rows {
		if err != nil {
			return err
		}
	}
	return nil
}

func BenchmarkInsert(b *testing.B) {
	for _, mode := range []struct {
		name    string
		relaxed bool
	}{{"full", false}, {"normal", true}} {
		b.Run(mode.name, func(b *testing.B) {
			t := benchTenant(b, 20_000, Options{Relaxed: mode.relaxed})
			made := make([]map[string]any, 1000)
			words := make([][]string, 1000)
			for i := range made {
				made[i], words[i] = benchRow(i)
			}
			event := []byte(`{"op":"create","fields":{"name":"x","status":"lead","industry":"banking"}}`)
			ctx := b.Context()
			parallel(b, func(n int) error {
				key := benchID(1_000_000 + n)
				return t.Write(ctx, func(tx store.Tx) error {
					if err := tx.Insert(ctx, "account", key, made[n%1000], words[n%1000]); err != nil {
						return err
					}
					if err := tx.Insert(ctx, "_history", key, map[string]any{"object": "account", "record": int64(key), "version": int64(1), "at": int64(1), "by": int64(7), "changes": json.RawMessage(event)}, nil); err != nil {
						return err
					}
					return tx.Insert(ctx, "_outbox", key, map[string]any{"object": "account", "record": int64(key), "event": json.RawMessage(event)}, nil)
				})
			})
		})
	}
}

// BenchmarkBulk inserts rows a thousand at a time: as they are, each in an attempt, and
// each in one of which every tenth is refused after it wrote.
func BenchmarkBulk(b *testing.B) {
	insert := func(ctx context.Context, tx store.Tx, n int, values map[string]any, words []string) error {
		return tx.Insert(ctx, "account", benchID(n), values, words)
	}
	b.Run("plain", func(b *testing.B) { benchmarkBulk(b, insert) })
	attempt := func(fails func(n int) bool) func(context.Context, store.Tx, int, map[string]any, []string) error {
		return func(ctx context.Context, tx store.Tx, n int, values map[string]any, words []string) error {
			_, err := tx.Attempt(ctx, func() error {
				if err := insert(ctx, tx, n, values, words); err != nil || !fails(n) {
					return err
				}
				return errOver
			})
			return err
		}
	}
	b.Run("attempts", func(b *testing.B) { benchmarkBulk(b, attempt(func(int) bool { return false })) })
	b.Run("refused", func(b *testing.B) { benchmarkBulk(b, attempt(func(n int) bool { return n%10 == 0 })) })
}

func benchmarkBulk(b *testing.B, insert func(ctx context.Context, tx store.Tx, n int, values map[string]any, words []string) error) {
	t := benchTenant(b, 0, Options{})
	ctx := b.Context()
	made := make([]map[string]any, 1000)
	words := make([][]string, 1000)
	for i := range made {
		made[i], words[i] = benchRow(i)
	}
	b.ResetTimer()
	used := processorTime()
	for n := range b.N {
		err := t.Write(ctx, func(tx store.Tx) error {
			for i := range made {
				if err := insert(ctx, tx, n*1000+i, made[i], words[i]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*1000)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64((processorTime()-used).Nanoseconds())/1e6/float64(b.N), "cpu-µs/row")
	b.StopTimer()
	if err := t.store.Close(); err != nil {
		b.Fatal(err)
	}
	if file, err := os.Stat(t.path); err == nil {
		b.ReportMetric(float64(file.Size())/float64(b.N*1000), "bytes/row")
	}
}

func BenchmarkRead(b *testing.B) {
	t := benchTenant(b, benchRows, Options{})
	ctx := b.Context()
	var columns []query.Ref
	for _, c := range append([]query.Column{query.ID}, benchColumns...) {
		columns = append(columns, query.Field(c))
	}
	if err := t.Index(ctx, "account", append([]store.Index{benchCovered}, benchAccount.Indexes...)); err != nil {
		b.Fatal(err)
	}
	eq := func(c query.Column, v any) query.Filter {
		return query.Is(c, v)
	}
	descending := func(c query.Column) query.Order { return query.Order{Ref: query.Field(c), Descending: true} }
	pick := func(n int) int { return int(uint32(n)*2654435761) % benchRows }
	measures := []query.Measure{{Op: query.Count}, {Op: query.Sum, Ref: query.Field(bRevenue)}}

	b.Run("update", func(b *testing.B) {
		parallel(b, func(n int) error {
			return t.Write(ctx, func(tx store.Tx) error {
				return tx.Update(ctx, "account", benchID(pick(n)), 0, map[string]any{bPhone.Name: "+49 30 1", "updated_at": int64(n)}, nil)
			})
		})
	})
	b.Run("point", func(b *testing.B) {
		parallel(b, func(n int) error {
			return drainRows(t.Select(ctx, query.Select{Table: "account", Columns: columns, Filter: eq(query.ID, int64(benchID(pick(n)))), Limit: 1}))
		})
	})
	list := func(n int) query.Select {
		return query.Select{Table: "account", Columns: columns, Limit: 50, Sort: []query.Order{descending(bRevenue), descending(query.ID)},
			Filter: query.All{eq(query.Owner, int64(n%10+1)), eq(bStatus, statuses[n%5])}}
	}
	b.Run("list50", func(b *testing.B) {
		parallel(b, func(n int) error { return drainRows(t.Select(ctx, list(n))) })
	})
	b.Run("list50 deep page", func(b *testing.B) {
		parallel(b, func(n int) error {
			q := list(n)
			q.Filter = query.All{q.Filter, query.After(q.Sort, []any{int64(1_000_000_000), int64(benchID(77))})}
			return drainRows(t.Select(ctx, q))
		})
	})
	b.Run("list50 newest", func(b *testing.B) {
		parallel(b, func(n int) error {
			return drainRows(t.Select(ctx, query.Select{Table: "account", Columns: columns, Limit: 50, Sort: []query.Order{descending(query.ID)}}))
		})
	})
	b.Run("count indexed", func(b *testing.B) {
		parallel(b, func(n int) error {
			_, err := t.Count(ctx, "account", list(n).Filter, nil, 0)
			return err
		})
	})
	b.Run("count owner", func(b *testing.B) {
		parallel(b, func(n int) error {
			_, err := t.Count(ctx, "account", eq(query.Owner, int64(n%10+1)), nil, 0)
			return err
		})
	})
	b.Run("count all", func(b *testing.B) {
		parallel(b, func(n int) error { _, err := t.Count(ctx, "account", nil, nil, 0); return err })
	})
	b.Run("group covering", func(b *testing.B) {
		parallel(b, func(n int) error {
			return drainRows(t.Aggregate(ctx, query.Aggregate{Table: "account", Groups: []query.Group{{Ref: query.Field(bIndustry)}}, Measures: measures}))
		})
	})
	b.Run("group table", func(b *testing.B) {
		parallel(b, func(n int) error {
			return drainRows(t.Aggregate(ctx, query.Aggregate{Table: "account", Groups: []query.Group{{Ref: query.Field(bCity)}}, Measures: measures}))
		})
	})
	b.Run("group month", func(b *testing.B) {
		parallel(b, func(n int) error {
			return drainRows(t.Aggregate(ctx, query.Aggregate{Table: "account", Groups: []query.Group{{Ref: query.Field(query.CreatedAt), By: query.ByMonth}}, Measures: measures}))
		})
	})
	for _, kind := range []struct {
		name string
		q    query.Select
	}{
		{"words newest", query.Select{Sort: []query.Order{descending(query.ID)}}},
		{"words by name", query.Select{Sort: []query.Order{{Ref: query.Field(bNameKey)}, descending(query.ID)}}},
		{"words of owner", query.Select{Sort: []query.Order{descending(query.ID)}, Filter: eq(query.Owner, int64(3))}},
	} {
		for _, prefix := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s prefix=%v", kind.name, prefix), func(b *testing.B) {
				parallel(b, func(n int) error {
					q := kind.q
					q.Table, q.Columns, q.Limit = "account", columns, 50
					word := vocabulary[n%26]
					if prefix {
						word = word[:3]
					}
					q.Words = []query.Word{{Text: word, Prefix: prefix}}
					return drainRows(t.Select(ctx, q))
				})
			})
		}
	}
	b.Run("contains", func(b *testing.B) {
		parallel(b, func(n int) error {
			return drainRows(t.Select(ctx, query.Select{Table: "account", Columns: columns, Limit: 50, Sort: []query.Order{descending(query.ID)},
				Filter: query.All{eq(query.Owner, int64(n%10+1)), query.Like{Ref: query.Field(bNameKey), Text: vocabulary[n%26]}}}))
		})
	})
	b.Run("add column", func(b *testing.B) {
		n := min(b.N, 1000) // SQLite takes 2,000 columns
		began := time.Now()
		for i := range n {
			grown := benchAccount
			grown.Columns = append(grown.Columns[:len(grown.Columns):len(grown.Columns)], col(fmt.Sprintf("extra_%d_%d:t", b.N, i), fieldtype.Text))
			if err := t.Define(ctx, grown); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(time.Since(began).Nanoseconds())/float64(n), "ns/op")
	})
}
