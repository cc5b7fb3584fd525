package api

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
	lru "github.com/hashicorp/golang-lru/v2"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

// shownEntries bounds what is remembered of the configuration as callers see it.
const shownEntries = 64

// shownCache remembers what was made of a configuration for callers of the same
// rights. It is bounded.
type shownCache struct{ made *lru.Cache[string, []byte] }

func newShownCache() *shownCache {
	made, err := lru.New[string, []byte](shownEntries)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &shownCache{made}
}

// shown is what make makes, once for a revision, the caller's rights and language.
func (r *request) shown(what string, make func() (any, error)) ([]byte, error) {
	key := strings.Join([]string{what, r.caller.Tenant, r.revision(), r.language(), strings.Join(r.caller.Permissions, ",")}, "\x00")
	if raw, ok := r.server.shown.made.Get(key); ok {
		return raw, nil
	}
	v, err := make()
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	r.server.shown.made.Add(key, raw)
	return raw, nil
}

// kindSchema is GET /schemas/{kind}.
func (s *Server) kindSchema(r *request) error {
	raw, ok := s.o.Catalog.Schema(r.param("kind"))
	if !ok {
		return fault.New(fault.NotFound, "api.no_schema")
	}
	return r.sent(fiber.StatusOK, append(r.buffer(), raw...))
}

// recordSchema is GET /schemas/records/{object}: of what the caller may read.
func (s *Server) recordSchema(r *request) error {
	rights, err := r.snapshot.Policies.Rights(r.ctx, r.caller)
	if err != nil {
		return err
	}
	name := r.object()
	object, ok := r.snapshot.Objects[name]
	if !ok || !rights.Objects[name].Read {
		return fault.New(fault.NotFound, "api.no_schema")
	}
	raw, err := r.shown("schema "+name, func() (any, error) {
		document := readSchema(object, rights.Objects[name], r.language())
		document["$schema"] = "https://json-schema.org/draft/2020-12/schema"
		return document, nil
	})
	if err != nil {
		return err
	}
	return r.sent(fiber.StatusOK, append(r.buffer(), raw...))
}

// readSchema is the JSON Schema of an object's records as a caller reads them; of those
// that they may only create, of what the answer shows.
func readSchema(o *catalog.Object, rights policy.ObjectRights, lang string) map[string]any {
	document, full := recordSchemaOf(o, lang, func(f *catalog.Field) bool {
		if !rights.Read {
			return f.Name == query.ID.Name || f.Name == query.Version.Name
		}
		return rights.Fields[f.Name] != ""
	})
	document["required"] = full
	return document
}

// patchSchema is that of a merge patch that a caller may send.
func patchSchema(o *catalog.Object, rights policy.ObjectRights, lang string) map[string]any {
	document, _ := recordSchemaOf(o, lang, func(f *catalog.Field) bool { return writable(f, rights) })
	return document
}

// createSchema is that of a new record's data: what has a default need not be sent.
func createSchema(o *catalog.Object, rights policy.ObjectRights, lang string) map[string]any {
	document, full := recordSchemaOf(o, lang, func(f *catalog.Field) bool { return writable(f, rights) })
	required := slices.DeleteFunc(full, func(name string) bool {
		f, _ := o.Field(name)
		return f.Initial != nil || f.Default != nil
	})
	if len(required) > 0 {
		document["required"] = required
	}
	return document
}

func writable(f *catalog.Field, rights policy.ObjectRights) bool {
	return rights.Fields[f.Name] == "edit" && !f.Doc.ReadOnly && !computed(f.Value)
}

func computed(v fieldtype.Value) bool {
	switch v.(type) {
	case fieldtype.Rolls, fieldtype.Computes, fieldtype.Counts:
		return true
	}
	return false
}

// recordSchemaOf describes the fields that has names, and lists those that are never
// empty.
func recordSchemaOf(o *catalog.Object, lang string, has func(*catalog.Field) bool) (document map[string]any, full []string) {
	properties := map[string]any{}
	full = []string{}
	for _, f := range o.Fields {
		if !has(f) {
			continue
		}
		one := map[string]any{}
		for name, v := range f.Value.Schema() {
			one[name] = v
		}
		if neverEmpty(f) {
			full = append(full, f.Name)
		} else if kind, ok := one["type"].(string); ok {
			one["type"] = []string{kind, "null"}
			if options, ok := one["enum"].([]any); ok {
				one["enum"] = append(append([]any{}, options...), nil)
			}
		} else {
			one = map[string]any{"anyOf": []any{one, map[string]any{"type": "null"}}}
		}
		one["title"] = f.Doc.Label.In(lang, f.Name)
		if help := f.Doc.Help.In(lang, ""); help != "" {
			one["description"] = help
		}
		properties[f.Name] = one
	}
	return map[string]any{"type": "object", "title": o.Doc.Label.In(lang, o.Doc.Name), "properties": properties}, full
}

// neverEmpty reports whether every record has a value. Who made it, changed it or owns
// it may be nobody: the program itself.
func neverEmpty(f *catalog.Field) bool {
	switch f.Column {
	case query.ID, query.Version, query.CreatedAt, query.UpdatedAt:
		return true
	}
	return f.Doc.Required != nil && f.Doc.Required.Always
}
