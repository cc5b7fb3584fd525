package catalog

import (
	"fmt"
	"strings"
	"testing"

	"formwork/engine/store"
	"formwork/metadata"
)

func BenchmarkBuildStandard(b *testing.B) {
	documents := standardDocuments()
	in := standardLanguage()
	for b.Loop() {
		if _, problems := build(b.Context(), in, 1, documents, nil); problems != nil {
			b.Fatal(problems)
		}
	}
}

// BenchmarkBuildField is a build after one object got one more field.
func BenchmarkBuildField(b *testing.B) {
	in := standardLanguage()
	base := standardDocuments()
	former, problems := build(b.Context(), in, 1, base, nil)
	if problems != nil {
		b.Fatal(problems)
	}
	patch := metadata.Document{Key: key("object", "account"),
		Body: []byte(`{"kind":"object","name":"account","fields":{"extra":{"type":"text"}}}`)}
	changed := metadata.Effective(base, []metadata.Document{patch})
	for b.Loop() {
		if _, problems := build(b.Context(), in, 2, changed, former); problems != nil {
			b.Fatal(problems)
		}
	}
}

// BenchmarkBuildView is a build after one view has changed.
func BenchmarkBuildView(b *testing.B) {
	in := standardLanguage()
	base := standardDocuments()
	former, problems := build(b.Context(), in, 1, base, nil)
	if problems != nil {
		b.Fatal(problems)
	}
	patch := metadata.Document{Key: key("view", "all_accounts"), Body: []byte(`{"kind":"view","name":"all_accounts","sort":["-created_at"]}`)}
	changed := metadata.Effective(base, []metadata.Document{patch})
	for b.Loop() {
		if _, problems := build(b.Context(), in, 2, changed, former); problems != nil {
			b.Fatal(problems)
		}
	}
}

func BenchmarkInstall(b *testing.B) {
	h := crm(b)
	for i := 0; b.Loop(); i++ {
		t, err := h.store.Create(b.Context(), fmt.Sprint("bench-", i))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := h.catalog.Install(b.Context(), t); err != nil {
			b.Fatal(err)
		}
	}
}

// fill gives the accounts of a tenant many records.
func (h *house) fill(b *testing.B, records int) {
	const batch = 10_000
	for done := 0; done < records; done += batch {
		err := h.tenant.Write(b.Context(), func(tx store.Tx) error {
			for i := range batch {
				row := map[string]any{"version": int64(1), "owner": int64(i % 10), "name:t": fmt.Sprint("Account ", done+i),
					"name:k": fmt.Sprint("account ", done+i), "status:t": "customer", "annual_revenue:i2": int64(i)}
				if err := tx.Insert(b.Context(), "account", h.ids.Next(), row, nil); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkApply changes the configuration of a tenant with 100,000 accounts.
func BenchmarkApply(b *testing.B) {
	h := crm(b)
	h.fill(b, 100_000)
	serial := 0
	b.Run("add a field", func(b *testing.B) {
		for b.Loop() {
			serial++
			c := change(fmt.Sprintf(`{"kind":"object","name":"account","fields":{"extra_%d":{"type":"text"}}}`, serial))
			for i := range serial {
				c.Allow = append(c.Allow, fmt.Sprintf("object/account/fields/extra_%d", i))
			}
			if _, err := h.catalog.Apply(b.Context(), h.tenant, c, 7); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("add an object with 30 fields", func(b *testing.B) {
		for b.Loop() {
			serial++
			var fields strings.Builder
			for i := range 30 {
				fmt.Fprintf(&fields, `,"f%d":{"type":"%s"}`, i, []string{"text", "number", "date", "checkbox", "email"}[i%5])
			}
			c := change(fmt.Sprintf(`{"kind":"object","name":"thing_%d","name_field":"name","fields":{"name":{"type":"text"}%s}}`, serial, fields.String()))
			if _, err := h.catalog.Apply(b.Context(), h.tenant, c, 7); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("snapshot", func(b *testing.B) {
		for b.Loop() {
			if _, err := h.catalog.Snapshot(b.Context(), h.tenant); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("load", func(b *testing.B) {
		for b.Loop() {
			if _, err := New(h.options).Snapshot(b.Context(), h.tenant); err != nil {
				b.Fatal(err)
			}
		}
	})
}
