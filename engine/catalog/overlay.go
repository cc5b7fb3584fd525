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

// layOver has a tenant's own documents say what they say with a layer over all that is
// effective.
func layOver(own, below map[metadata.Key]metadata.Document, base *state, layer []metadata.Document) {
	if len(layer) == 0 {
		return
	}
	effective := base.effective()
	for _, d := range layer {
		var beneath, target *metadata.Document
		if b, ok := below[d.Key]; ok {
			beneath = &b
		}
		if !d.Hides() {
			laid := []metadata.Document{d}
			if was := find(effective, d.Key); was != nil {
				laid = metadata.Effective([]metadata.Document{*was}, laid)
			}
			target = &laid[0]
		}
		if overlay, ok := metadata.Overlay(beneath, target); ok {
			own[d.Key] = overlay
		} else {
			delete(own, d.Key)
		}
	}
}
