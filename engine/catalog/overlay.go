package catalog

import (
	"formwork/engine/fault"
	"formwork/metadata"
)

// barely reports whether a document says nothing but its kind and name: it asks for the
// package's as it is.
func barely(d metadata.Document) bool {
	return string(d.Body) == string(metadata.Canonical(map[string]any{"kind": d.Kind, "name": d.Name}))
}

// droppedFrom warns of each part of an overlay that the document which replaces it does
// not speak of.
func droppedFrom(before, by metadata.Document) (warnings []*fault.Fault) {
	for _, part := range metadata.Parts(before, by) {
		if part.To == nil {
			warnings = append(warnings, fault.New(fault.Invalid, "catalog.drops_overlay").At(pointerTo(before.Kind, before.Name)+part.Pointer))
		}
	}
	return warnings
}

// overlayOf is the smallest document that, over what is below, says what target says as a
// whole; ok is false if that is nothing.
func overlayOf(below map[metadata.Key]metadata.Document, target metadata.Document) (metadata.Document, bool) {
	beneath, ok := below[target.Key]
	if !ok {
		return target, true
	}
	return metadata.Overlay(&beneath, &target)
}
