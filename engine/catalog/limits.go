package catalog

import (
	"slices"

	"formwork/engine/fault"
	"formwork/metadata"
)

// Limits of a configuration: of what holds for a tenant, all layers together. They bound
// the memory that a snapshot takes, and hold for changes; what is stored already is used
// whatever it has.
const (
	MaxBytes  = 16 << 20 // of the documents
	MaxFields = 100_000  // of all objects, with the system fields and those of child rows
	// MaxParts is of all expressions: names, constants, operators and calls, those of
	// formulas that are put in included. A regular expression counts as an eighth of
	// its instructions, those of fields that have the same one once.
	MaxParts = 200_000
)

// limits are those that a configuration is held to; zero: none.
type limits struct{ bytes, fields, parts int }

// What a snapshot takes, by which it is weighed. TestEstimate holds it to what is measured.
const (
	bytesOfByte  = 9     // a byte of a document: kept as it is, decoded, and compiled
	bytesOfField = 1_400 // a field
	bytesOfPart  = 950   // a part of an expression
)

// exceed tells that a limit is passed. What is found from then on follows from what there
// was no room for, and isn't told.
func (b *builder) exceed(pointer, code string, params ...any) {
	if b.exceeded {
		return
	}
	b.report(fault.New(fault.Invalid, code, params...), pointer)
	b.exceeded, b.before = true, slices.Clip(b.problems)
}

// within reports documents that take too much together to be read at all.
func (b *builder) within(documents []metadata.Document) bool {
	bytes := 0
	for _, d := range documents {
		bytes += len(d.Body)
	}
	if most := b.limits.bytes; most > 0 && bytes > most {
		b.exceed("", "catalog.too_large", "bytes", bytes, "max", most)
	}
	return !b.exceeded
}

// countFields counts fields, and reports whether there is room for them.
func (b *builder) countFields(n int, pointer string) bool {
	b.fields += n
	if most := b.limits.fields; most > 0 && b.fields > most {
		b.exceed(pointer, "catalog.too_many_fields", "max", most)
	}
	return !b.exceeded
}

// countParts counts the parts of an expression of the document that a pointer begins with.
func (b *builder) countParts(n int, pointer string) {
	steps := metadata.Steps(pointer)
	b.addParts(metadata.Key{Kind: steps[0], Name: steps[1]}, n, pointer)
}

// takeParts counts the expressions of a document that are taken over.
func (b *builder) takeParts(key metadata.Key) {
	if n := b.former.parts[key]; n > 0 {
		b.addParts(key, n, pointerTo(key.Kind, key.Name))
	}
}

func (b *builder) addParts(key metadata.Key, n int, pointer string) {
	if n == 0 {
		return
	}
	b.parts += n
	b.s.parts[key] += n
	if most := b.limits.parts; most > 0 && b.parts > most {
		b.exceed(pointer, "catalog.too_many_parts", "max", most)
	}
}

// estimate is about how many bytes a snapshot takes.
func (s *Snapshot) estimate() int64 {
	var bytes int64
	for _, d := range s.Documents {
		bytes += int64(len(d.Body)) * bytesOfByte
	}
	for _, o := range s.Objects {
		bytes += int64(len(o.Fields)) * bytesOfField
		eachRows(o, func(r *Rows, _ string) { bytes += int64(len(r.Fields)) * bytesOfField })
	}
	for _, parts := range s.parts {
		bytes += int64(parts) * bytesOfPart
	}
	return bytes
}
