package printing_test

import (
	"bytes"
	"image"
	"image/png"
	"strconv"
	"strings"
	"testing"

	"formwork/engine/enginetest"
	"formwork/engine/fault"
	"formwork/engine/file"
	"formwork/engine/id"
	"formwork/engine/pdf/pdftest"
	"formwork/engine/policy"
	"formwork/engine/printing"
)

// read is the text of what was printed, page by page, without spaces.
func read(t *testing.T, raw []byte) []string {
	t.Helper()
	pages, err := pdftest.Pages(raw)
	if err != nil {
		t.Fatal(err)
	}
	for i, page := range pages {
		pages[i] = strings.ReplaceAll(page, " ", "")
	}
	return pages
}

// files is the session of the platform on files.
func files(tenant *enginetest.Tenant) *file.Session {
	return tenant.Platform.Files.As(tenant.Tenant, tenant.Snapshot(), policy.System("main"))
}

func TestQuote(t *testing.T) {
	tenant := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core", "sales")
	account := tenant.Create("account", map[string]any{"name": "上海泵业 Pumps & Co", "billing_address": map[string]any{"street": "南京路 1", "city": "上海", "country": "China"}})
	product := tenant.Create("product", map[string]any{"name": "Pump 泵", "code": "P-1", "price": "1200"})
	deal := tenant.Create("opportunity", map[string]any{"name": "Big deal", "account": account.String(), "close_date": "2026-05-01"})
	for i := range 60 {
		tenant.Create("line_item", map[string]any{"opportunity": deal.String(), "product": product.String(), "quantity": strconv.Itoa(i + 1), "unit_price": "1200"})
	}
	for language, want := range map[string][]string{"en": {"Quote", "Big deal", "Pumps & Co", "Valid until 1 May 2026", "Your company", "All prices are in USD", "1,200.00", "2,196,000.00", "Page 1 of"}, "zh": {"报价单", "有效期至2026年5月1日", "以USD计", "单价", "第1页"}} {
		p, err := printing.New().Print(t.Context(), tenant.System(), files(tenant), printing.Wanted{Object: "opportunity", Record: deal, Template: "quote_document", Language: language})
		if err != nil {
			t.Fatal(err)
		}
		all := strings.Join(read(t, p.PDF), "\n")
		for _, text := range want {
			if !strings.Contains(all, strings.ReplaceAll(text, " ", "")) {
				t.Errorf("%s: %q is not in %s", language, text, all)
			}
		}
	}
	slow := printing.New()
	printing.Within(slow, 0)
	if _, err := slow.Print(t.Context(), tenant.System(), files(tenant), printing.Wanted{Object: "opportunity", Record: deal, Template: "quote_document"}); !fault.Is(err, "print.slow") || fault.KindOf(err) != fault.TooLarge {
		t.Errorf("one that takes too long: %v", err)
	}
	if _, err := printing.New().Print(t.Context(), tenant.System(), files(tenant), printing.Wanted{Object: "account", Record: account, Template: "quote_document"}); !fault.Is(err, "print.unknown") {
		t.Errorf("of another object: %v", err)
	}
}

// Nothing gets in that the caller may not read: not a record, not a row of a table, not a field, nor what is behind a reference.
func TestRights(t *testing.T) {
	tenant := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
	tenant.Apply(`{"kind": "object", "name": "firm", "label": "Firm", "name_field": "name", "visibility": "private", "fields": {"name": {"type": "text"}}}`,
		`{"kind": "object", "name": "deal", "label": "Deal", "name_field": "name", "visibility": "private", "fields": {"name": {"type": "text"}, "cost": {"type": "currency", "scale": 2}, "firm": {"type": "lookup", "object": "firm"}}}`,
		`{"kind": "object", "name": "item", "label": "Item", "name_field": "name", "visibility": "private", "fields": {"name": {"type": "text"}, "deal": {"type": "lookup", "object": "deal"}}}`,
		`{"kind": "permission", "name": "seller", "label": "Seller", "objects": {"firm": {"read": true, "fields": {"name": "read"}}, "deal": {"read": true, "fields": {"name": "read", "firm": "read"}}, "item": {"read": true, "fields": {"name": "read", "deal": "read"}}}}`,
		`{"kind": "template", "name": "open", "label": "Open", "object": "deal", "document": {"body": {
			"a": {"type": "paragraph", "order": 1, "text": "{{ name }} of {{ firm.name ?? \"nobody\" }}"},
			"b": {"type": "table", "order": 2, "object": "item", "filter": "deal == record.id", "sort": ["-name"], "columns": {"n": {"value": "name + \" in \" + record.name"}}}}}}`,
		`{"kind": "template", "name": "cost", "label": "Cost", "object": "deal", "document": {"body": {"a": {"type": "paragraph", "text": "{{ cost }}"}}}}`,
		`{"kind": "template", "name": "if", "label": "If", "object": "deal", "document": {"body": {"a": {"type": "paragraph", "if": "cost > 1", "text": "dear"}}}}`,
		`{"kind": "template", "name": "filter", "label": "Filter", "object": "deal", "document": {"body": {"a": {"type": "table", "object": "item", "filter": "deal == record.id and record.cost > 1", "columns": {"n": {"value": "name"}}}}}}`)
	sam := tenant.CallerWith("sam@example.com", "seller")
	owner := sam.User.String()
	firm := tenant.Create("firm", map[string]any{"name": "SECRET firm"})
	deal := tenant.Create("deal", map[string]any{"name": "Deal", "cost": "77", "firm": firm.String(), "owner": owner})
	other := tenant.Create("deal", map[string]any{"name": "Other"})
	for _, name := range []string{"one", "two"} {
		tenant.Create("item", map[string]any{"name": name, "deal": deal.String(), "owner": owner})
	}
	tenant.Create("item", map[string]any{"name": "SECRET item", "deal": deal.String()})
	prints := func(c *policy.Caller, key id.ID, name string) (string, error) {
		p, err := printing.New().Print(t.Context(), tenant.As(c), tenant.Platform.Files.As(tenant.Tenant, tenant.Snapshot(), c), printing.Wanted{Object: "deal", Record: key, Template: name})
		if err != nil {
			return "", err
		}
		return strings.Join(read(t, p.PDF), "\n"), nil
	}
	system := policy.System("main")
	if got, err := prints(sam, deal, "open"); err != nil || got != "DealofnobodytwoinDealoneinDeal" {
		t.Errorf("the owner prints %q, %v", got, err)
	}
	if got, err := prints(system, deal, "open"); err != nil || got != "DealofSECRETfirmtwoinDealSECRETiteminDealoneinDeal" {
		t.Errorf("the platform prints %q, %v", got, err)
	}
	for _, name := range []string{"cost", "if", "filter"} {
		if got, err := prints(sam, deal, name); !fault.Is(err, "print.hidden") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if _, err := prints(system, deal, name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, err := prints(sam, other, "open"); !fault.Is(err, "record.not_found") {
		t.Errorf("of another's: %q, %v", got, err)
	}
}

// A picture of the record is put in, made small; what is none, or lies, leaves its place empty.
func TestPictures(t *testing.T) {
	tenant := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
	tenant.Apply(`{"kind": "object", "name": "firm", "label": "Firm", "name_field": "name", "fields": {"name": {"type": "text"}, "logo": {"type": "file"}}}`,
		`{"kind": "template", "name": "paper", "label": "Paper", "object": "firm", "document": {"body": {"a": {"type": "image", "field": "logo"}, "b": {"type": "paragraph", "text": "{{ name }}"}}}}`)
	var whole bytes.Buffer
	if err := png.Encode(&whole, image.NewNRGBA(image.Rect(0, 0, 3000, 1000))); err != nil {
		t.Fatal(err)
	}
	lies := bytes.Clone(whole.Bytes())
	copy(lies[16:], []byte{0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff}) // the size in its header
	broken := whole.Bytes()[:whole.Len()/2]
	for name, c := range map[string]struct {
		data  []byte
		shown bool
	}{"a picture": {whole.Bytes(), true}, "one that lies": {lies, false}, "half of one": {broken, false}, "a text": {[]byte("no picture"), false}} {
		f, err := files(tenant).Start(t.Context(), file.Upload{Name: "logo.png", Size: int64(len(c.data))})
		if err == nil {
			_, err = files(tenant).Append(t.Context(), f.ID, 0, bytes.NewReader(c.data))
		}
		if err != nil {
			t.Fatal(err)
		}
		key := tenant.Create("firm", map[string]any{"name": "Firm", "logo": []any{map[string]any{"id": f.ID.String()}}})
		p, err := printing.New().Print(t.Context(), tenant.System(), files(tenant), printing.Wanted{Object: "firm", Record: key, Template: "paper"})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := bytes.Contains(p.PDF, []byte("/Subtype /Image")); got != c.shown || len(p.PDF) > 64<<10 || read(t, p.PDF)[0] != "Firm" {
			t.Errorf("%s is shown: %v, in %d bytes", name, got, len(p.PDF))
		}
	}
}
