package catalog

import (
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"formwork/engine/id"
	"formwork/metadata"
)

// largeConfiguration is the standard packages with largeObjects.
func largeConfiguration(objects int) []metadata.Document {
	return metadata.Effective(standardDocuments(), largeObjects(objects))
}

// largeObjects are objects of twenty fields of the usual types, each with a lookup to the
// one before, a formula and a rule.
func largeObjects(objects int) []metadata.Document {
	types := []string{`{"type":"text"}`, `{"type":"number","scale":2}`, `{"type":"date"}`, `{"type":"checkbox"}`, `{"type":"email"}`,
		`{"type":"picklist","options":{"a":{},"b":{},"c":{}}}`}
	var documents []metadata.Document
	for i := range objects {
		var fields strings.Builder
		for n := range 17 {
			fmt.Fprintf(&fields, `,"f%d":%s`, n, types[n%len(types)])
		}
		body := fmt.Sprintf(`{"kind":"object","name":"large_%d","label":{"en":"Large"},"name_field":"name","fields":{"name":{"type":"text"},
			"before":{"type":"lookup","object":"large_%d"},"twice":{"type":"formula","result":"number","scale":2,"expression":"f1 * 2"}%s},
			"rules":{"positive":{"must":"f1 >= 0","message":{"en":"Not below zero"}}}}`, i, max(i-1, 0), fields.String())
		documents = append(documents, metadata.Document{Key: key("object", fmt.Sprintf("large_%d", i)), Body: []byte(body)})
	}
	return metadata.Effective(documents)
}

// inUse is the heap that is in use after a collection.
func inUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkBuildLarge plans one more field for one of 1,000 objects of 20 fields. MB-held
// is what the snapshot before takes, ms-busy the time of processors, which other work
// on the machine does not lengthen.
func BenchmarkBuildLarge(b *testing.B) {
	in := standardLanguage()
	c := New(Options{Types: in.types, Kinds: in.kinds, IDs: id.NewSource(time.Now, func() uint32 { return 0 }), Now: time.Now})
	base := &state{mark: mark{revision: 1}, packages: []layer{{name: "standard", documents: standardDocuments()}}, own: largeObjects(1000)}
	documents := base.effective()
	in.schemas.Prepare()
	before := inUse()
	former, problems := build(b.Context(), in, 1, documents, nil)
	if problems != nil {
		b.Fatal(problems)
	}
	taken := inUse() - before
	base.snapshot = former
	field := change(strings.Replace(string(find(documents, key("object", "large_500")).Body), `"fields":{`, `"fields":{"extra":{"type":"text"},`, 1))
	began := busy(b)
	for b.Loop() {
		d, err := c.draft(b.Context(), nil, base, field)
		if err != nil || len(d.plan.Problems) > 0 || len(d.plan.Changes) != 1 {
			b.Fatal(err, d)
		}
	}
	b.ReportMetric(float64((busy(b)-began).Milliseconds())/float64(b.N), "ms-busy/op")
	b.ReportMetric(float64(taken)/(1<<20), "MB-held")
	runtime.KeepAlive(former)
}

// busy is the time that processors have worked for the process.
func busy(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
