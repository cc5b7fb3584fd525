package api

import (
	"encoding/json"
	"strings"

	"github.com/gofiber/fiber/v2"
	lru "github.com/hashicorp/golang-lru/v2"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/policy"
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
	raw, ok := s.schemas.JSON(r.param("kind"))
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

// readSchema is the JSON Schema of an object's records as a caller reads them.
func readSchema(o *catalog.Object, rights policy.ObjectRights, lang string) map[string]any {
	return recordSchemaOf(o, lang, func(f *catalog.Field) bool { return rights.Fields[f.Name] != "" })
}

// writeSchema is that of the data a caller may send.
func writeSchema(o *catalog.Object, rights policy.ObjectRights, lang string) map[string]any {
	return recordSchemaOf(o, lang, func(f *catalog.Field) bool {
		return rights.Fields[f.Name] == "edit" && (f.Doc == nil || !f.Doc.ReadOnly) && f.Formula == nil && !computed(f.Value)
	})
}

func computed(v fieldtype.Value) bool {
	switch v.(type) {
	case fieldtype.Rolls, fieldtype.Computes, fieldtype.Counts:
		return true
	}
	return false
}

func recordSchemaOf(o *catalog.Object, lang string, has func(*catalog.Field) bool) map[string]any {
	properties := map[string]any{}
	var required []string
	for _, f := range o.Fields {
		if !has(f) {
			continue
		}
		one := map[string]any{}
		for name, v := range f.Value.Schema() {
			one[name] = v
		}
		must := f.System || (f.Doc != nil && f.Doc.Required != nil && f.Doc.Required.Always)
		if must {
			required = append(required, f.Name)
		} else if kind, ok := one["type"].(string); ok {
			one["type"] = []string{kind, "null"}
			if options, ok := one["enum"].([]any); ok {
				one["enum"] = append(append([]any{}, options...), nil)
			}
		} else {
			one = map[string]any{"anyOf": []any{one, map[string]any{"type": "null"}}}
		}
		if f.Doc != nil {
			one["title"] = f.Doc.Label.In(lang, f.Name)
			if help := f.Doc.Help.In(lang, ""); help != "" {
				one["description"] = help
			}
		}
		properties[f.Name] = one
	}
	document := map[string]any{"type": "object", "title": o.Doc.Label.In(lang, o.Doc.Name), "properties": properties}
	if required != nil {
		document["required"] = required
	}
	return document
}
