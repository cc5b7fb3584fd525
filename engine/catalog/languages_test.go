package catalog

import "testing"

// Plan tells of texts that lack a language which the document, or the configuration, speaks.
func TestUntranslatedTexts(t *testing.T) {
	h := newHouse(t, basePackage(t, "1.0.0"))
	german := change(`{"kind":"object","name":"deal","label":{"en":"Deal","de":"Geschäft"},
		"fields":{"label":{"type":"text","label":{"en":"Label","de":"Titel"}},"note":{"type":"text","label":{"en":"Note"}},"plain":{"type":"text","label":"Plain"}}}`)
	result := h.apply(german)
	if len(result.Warnings) != 1 {
		t.Fatalf("warnings %v", result.Warnings)
	}
	w := result.Warnings[0]
	if w.Code != "catalog.untranslated" || w.Pointer != "/object/deal" || w.Params["language"] != "de" || w.Params["lacking"] != 1 || w.Params["first"] != "/fields/note/label" {
		t.Errorf("warns %s %v", w, w.Params)
	}
	result = h.apply(change(`{"kind":"role","name":"clerk","label":{"en":"Clerk"},"description":{"de":"Büro"}}`))
	if len(result.Warnings) != 2 || result.Warnings[0].Params["language"] != "de" || result.Warnings[1].Params["language"] != "en" {
		t.Errorf("warnings %v", result.Warnings)
	}
}
