package fieldtype_test

import (
	"encoding/json"
	"testing"
)

func BenchmarkCoerce(b *testing.B) {
	for _, c := range []struct {
		name, field string
		in          any
	}{
		{"text", `{"type":"text"}`, "Acme Corporation of the North"},
		{"text_cjk", `{"type":"text"}`, "北方科技股份有限公司"},
		{"currency", `{"type":"currency"}`, json.Number("123456.78")},
		{"date", `{"type":"date"}`, "2026-03-01"},
		{"datetime", `{"type":"datetime"}`, "2026-03-01T09:30:00Z"},
		{"picklist", `{"type":"picklist","picklist":"industry"}`, "education"},
		{"email", `{"type":"email"}`, "jo.smith@example.com"},
		{"lookup", `{"type":"lookup","object":"account"}`, "0000000000010"},
	} {
		v := mustBind(b, c.field)
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, problem := v.Coerce(c.in); problem != nil {
					b.Fatal(problem)
				}
			}
		})
		stored, _ := v.Coerce(c.in)
		dst := make([]byte, 0, 256)
		b.Run(c.name+"_json", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				dst = v.AppendJSON(dst[:0], stored)
			}
		})
	}
}
