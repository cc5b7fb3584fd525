package api

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/sync/semaphore"

	"formwork/engine/api/openapi"
	"formwork/engine/cache"
	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

// Bounds of what is remembered of the configuration as callers see it. The description of
// 1,000 objects has some tens of megabytes; one that is larger than all may be is made anew.
const (
	shownEntries = 1_000
	shownBytes   = 64 << 20
	// shownAtOnce is how many are made at once, of those that are not remembered.
	shownAtOnce = 2
)

// shownCache remembers what was made of a configuration for callers of the same
// rights. It is bounded by bytes, and so is what is made at once.
type shownCache struct {
	made   *cache.Cache[string, []byte]
	making *semaphore.Weighted
}

func newShownCache() *shownCache {
	return &shownCache{cache.New[string, []byte](shownEntries, shownBytes), semaphore.NewWeighted(shownAtOnce)}
}

// shown is what make makes, once for a revision, the caller's rights and language. Few are
// made at once: on the way each takes several times what it leaves. Fault "api.busy"
// (Unavailable).
func (r *request) shown(what string, make func() (any, error)) ([]byte, error) {
	key := strings.Join([]string{what, r.tenant.Identity(), r.state(), r.language(), strings.Join(r.caller.Permissions, ",")}, "\x00")
	if raw, ok := r.server.shown.made.Get(key); ok {
		return raw, nil
	}
	if err := r.server.shown.making.Acquire(r.ctx, 1); err != nil {
		return nil, fault.New(fault.Unavailable, "api.busy").Because(err)
	}
	defer r.server.shown.making.Release(1)
	if raw, ok := r.server.shown.made.Get(key); ok { // while it waited
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
	r.server.shown.made.Add(key, raw, int64(len(key)+len(raw)))
	return raw, nil
}

// kindSchema is GET /schemas/{kind}, in the language of the caller.
func (s *Server) kindSchema(r *request) error {
	raw, ok := s.o.Catalog.Schema(r.param("kind"), r.language())
	if !ok {
		return fault.New(fault.NotFound, "api.no_schema")
	}
	return r.copied(fiber.StatusOK, raw)
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
		document := schemasOf{object, rights, r.language()}.read()
		document["$schema"] = "https://json-schema.org/draft/2020-12/schema"
		return document, nil
	})
	if err != nil {
		return err
	}
	return r.copied(fiber.StatusOK, raw)
}

// schemasOf makes the JSON Schemas of an object's records, for callers of some rights.
type schemasOf struct {
	object *catalog.Object
	rights *policy.Rights
	lang   string
}

func (s schemasOf) mine() policy.ObjectRights { return s.rights.Objects[s.object.Doc.Name] }

// read is that of a record as a caller reads it, with what can be done with each of its
// fields; where they may only create records, of what the answer shows.
func (s schemasOf) read() openapi.Schema {
	mine := s.mine()
	document, full := s.schema(func(f *catalog.Field) bool {
		if !mine.Read {
			return f.Name == query.ID.Name || f.Name == query.Version.Name
		}
		return mine.Fields[f.Name] != ""
	}, fieldtype.Value.Schema)
	s.addMasked(document["properties"].(map[string]any))
	for name, one := range document["properties"].(map[string]any) {
		if f, ok := s.object.Field(name); ok && mine.Read {
			one.(map[string]any)[usesMember] = s.uses(f)
		}
	}
	document["required"] = full
	return document
}

// addMasked describes the fields of which the caller is shown what a mask leaves: texts that may
// not have the form of the field's values, and of which no other use is made.
func (s schemasOf) addMasked(properties map[string]any) {
	mine := s.mine()
	for _, f := range s.object.Fields {
		if !mine.Read || !mine.Masked[f.Name] || f.Doc == nil || fieldtype.MaskOf(f.Value, f.Doc.Mask) == nil {
			continue
		}
		one := openapi.Nullable(openapi.Schema{"type": "string"})
		one["title"] = f.Doc.Label.In(s.lang, f.Name)
		properties[f.Name] = one
	}
}

// patch is that of a merge patch that a caller may send.
func (s schemasOf) patch() openapi.Schema {
	document, _ := s.schema(s.writable, sentAs)
	return document
}

// create is that of a new record's data: what has a default need not be sent.
func (s schemasOf) create() openapi.Schema {
	document, full := s.schema(s.writable, sentAs)
	required := slices.DeleteFunc(full, func(name string) bool {
		f, _ := s.object.Field(name)
		begins, _ := s.object.Begins(f)
		return begins
	})
	if len(required) > 0 {
		document["required"] = required
	}
	return document
}

func (s schemasOf) writable(f *catalog.Field) bool {
	return s.mine().Fields[f.Name] == "edit" && !f.Doc.ReadOnly && !computed(f.Value)
}

func computed(v fieldtype.Value) bool {
	switch v.(type) {
	case fieldtype.Rolls, fieldtype.Computes, fieldtype.Counts:
		return true
	}
	return false
}

// sentAs is the schema of a value as a caller sends it.
func sentAs(v fieldtype.Value) map[string]any {
	if writes, ok := v.(fieldtype.Writes); ok {
		return writes.WriteSchema()
	}
	return v.Schema()
}

// schema describes the fields that has names, and lists those that are never empty.
func (s schemasOf) schema(has func(*catalog.Field) bool, of func(fieldtype.Value) map[string]any) (document openapi.Schema, full []string) {
	properties := map[string]any{}
	full = []string{}
	for _, f := range s.object.Fields {
		if !has(f) {
			continue
		}
		one := narrowed(of(f.Value), s.knows)
		if neverEmpty(f) {
			full = append(full, f.Name)
		} else {
			one = openapi.Nullable(one)
		}
		one["title"] = f.Doc.Label.In(s.lang, f.Name)
		if help := f.Doc.Help.In(s.lang, ""); help != "" {
			one["description"] = help
		}
		properties[f.Name] = one
	}
	return openapi.Schema{"type": "object", "title": s.object.Doc.Label.In(s.lang, s.object.Doc.Name), "properties": properties}, full
}

// knows reports whether a caller may know of an object.
func (s schemasOf) knows(object string) bool {
	o := s.rights.Objects[object]
	return o.Read || o.Create
}

// narrowed is a copy of a value's schema; a reference to one of several objects may lead
// to those alone that the caller knows of.
func narrowed(schema openapi.Schema, knows func(object string) bool) openapi.Schema {
	narrow := maps.Clone(schema)
	properties, _ := schema["properties"].(map[string]any)
	object, _ := properties["object"].(map[string]any)
	names, ok := object["enum"].([]any)
	if !ok {
		return narrow
	}
	properties, object = maps.Clone(properties), maps.Clone(object)
	shown := slices.DeleteFunc(slices.Clone(names), func(name any) bool { return !knows(name.(string)) })
	if object["enum"] = shown; len(shown) == 0 {
		delete(object, "enum")
	}
	properties["object"], narrow["properties"] = object, properties
	return narrow
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
