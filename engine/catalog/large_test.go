package catalog

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"formwork/metadata"
)

// largeConfiguration is the standard packages with many objects of twenty fields of the
// usual types, each with a lookup to the one before, a formula and a rule.
func largeConfiguration(objects int) []metadata.Document {
	types := []string{`{"type":"text"}`, `{"type":"number","scale":2}`, `{"type":"date"}`, `{"type":"checkbox"}`, `{"type":"email"}`,
		`{"type":"picklist","options":{"a":{},"b":{},"c":{}}}`}
	documents := standardDocuments()
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
// is what the snapshot before takes.
func BenchmarkBuildLarge(b *testing.B) {
	in := standardLanguage()
	documents := largeConfiguration(1000)
	patch := metadata.Document{Key: key("object", "large_500"), Body: []byte(`{"kind":"object","name":"large_500","fields":{"extra":{"type":"text"}}}`)}
	changed := metadata.Effective(documents, []metadata.Document{patch})
	in.schemas.Prepare()
	before := inUse()
	former, problems := build(b.Context(), in, 1, documents, nil)
	if problems != nil {
		b.Fatal(problems)
	}
	taken := inUse() - before
	for b.Loop() {
		if _, problems := build(b.Context(), in, 2, changed, former); problems != nil {
			b.Fatal(problems)
		}
	}
	b.ReportMetric(float64(taken)/(1<<20), "MB-held")
	runtime.KeepAlive(former)
}
