package catalog

import (
	"bytes"
	"encoding/json"

	"formwork/engine/fault"
	"formwork/metadata"
)

// parsed is a document that keeps to the schema of its kind, decoded.
type parsed struct {
	body  json.RawMessage
	value any // *metadata.Object …
}

// decoder makes the Go value of a kind of documents and puts it into its place.
type decoder struct {
	read func(raw json.RawMessage) (any, error)
	put  func(b *builder, name string, value any)
}

// decoderOf makes the decoder of a kind whose values live in the map that place gives.
func decoderOf[T any](place func(b *builder) *map[string]*T) decoder {
	return decoder{
		read: func(raw json.RawMessage) (any, error) {
			v := new(T)
			err := json.Unmarshal(raw, v)
			return v, err
		},
		put: func(b *builder, name string, value any) {
			m := place(b)
			if *m == nil {
				*m = map[string]*T{}
			}
			(*m)[name] = value.(*T)
		},
	}
}

// decoders by kind. Objects are collected here and made later.
var decoders = map[string]decoder{
	"package":    decoderOf(func(b *builder) *map[string]*metadata.Package { return &b.s.Packages }),
	"object":     {read: decoderOf[metadata.Object](nil).read, put: (*builder).putObject},
	"picklist":   decoderOf(func(b *builder) *map[string]*metadata.Picklist { return &b.s.Picklists }),
	"layout":     decoderOf(func(b *builder) *map[string]*metadata.Layout { return &b.s.Layouts }),
	"view":       decoderOf(func(b *builder) *map[string]*metadata.View { return &b.s.Views }),
	"app":        decoderOf(func(b *builder) *map[string]*metadata.App { return &b.s.Apps }),
	"role":       decoderOf(func(b *builder) *map[string]*metadata.Role { return &b.s.Roles }),
	"permission": decoderOf(func(b *builder) *map[string]*metadata.Permission { return &b.s.Permissions }),
	"sharing":    decoderOf(func(b *builder) *map[string]*metadata.Sharing { return &b.settings.sharing }),
	"policy":     decoderOf(func(b *builder) *map[string]*metadata.Policy { return &b.settings.policies }),
}

// decode checks every document against the schema of its kind and reads it.
func (b *builder) decode() {
	for key, d := range b.s.Documents {
		p := b.parse(d)
		if p == nil {
			continue
		}
		b.s.parsed[key] = p
		decoders[key.Kind].put(b, key.Name, p.value)
	}
	for _, name := range byName(b.s.Objects) {
		b.objects = append(b.objects, b.s.Objects[name])
	}
}

// parse reads one document, from the former snapshot if that has the same.
func (b *builder) parse(d metadata.Document) *parsed {
	if b.former != nil {
		if p := b.former.parsed[d.Key]; p != nil && bytes.Equal(p.body, d.Body) {
			return p
		}
	}
	pointer := pointerTo(d.Kind, d.Name)
	if b.schemas != nil {
		if problems := b.schemas.Check(d.Kind, d.Body); len(problems) > 0 {
			for _, problem := range problems {
				b.report(problem, pointer)
			}
			return nil
		}
	}
	decode, ok := decoders[d.Kind]
	if !ok {
		b.report(fault.New(fault.Invalid, "catalog.unreadable"), pointer)
		return nil
	}
	value, err := decode.read(d.Body)
	if err != nil {
		b.report(fault.New(fault.Invalid, "catalog.unreadable").Because(err), pointer)
		return nil
	}
	return &parsed{body: d.Body, value: value}
}

func (b *builder) putObject(name string, value any) {
	b.s.Objects[name] = &Object{Doc: value.(*metadata.Object), byName: map[string]*Field{}}
}
