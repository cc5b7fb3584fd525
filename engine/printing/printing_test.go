package printing_test

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	reader "github.com/ledongthuc/pdf"

	"formwork/engine/enginetest"
	"formwork/engine/fault"
	"formwork/engine/file"
	"formwork/engine/policy"
	"formwork/engine/printing"
)

// read is the text of what was printed, page by page, without spaces.
func read(t *testing.T, raw []byte) []string {
	t.Helper()
	r, err := reader.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	var pages []string
	for i := range r.NumPage() {
		var text []uint16
		reader.Interpret(r.Page(i+1).V.Key("Contents"), func(stack *reader.Stack, op string) {
			for stack.Len() > 0 {
				v := stack.Pop()
				for units := []byte(v.RawString()); op == "Tj" && len(units) > 1; units = units[2:] {
					text = append(text, uint16(units[0])<<8|uint16(units[1]))
				}
			}
		})
		pages = append(pages, strings.ReplaceAll(string(utf16.Decode(text)), " ", ""))
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
	for language, want := range map[string][]string{"en": {"Quote", "Big deal", "Pumps & Co", "Valid until 1 May 2026", "1,200.00", "2,196,000.00", "Page 1 of"}, "zh": {"报价单", "有效期至2026年5月1日", "单价", "第1页"}} {
		p, err := printing.New().Print(t.Context(), tenant.System(), files(tenant), printing.Wanted{Object: "opportunity", Record: deal, Template: "quote_document", Language: language})
		if err != nil {
			t.Fatal(err)
		}
		if at := os.Getenv("PRINTED"); at != "" {
			_ = os.WriteFile(at+"/"+language+".pdf", p.PDF, 0o600)
		}
		all := strings.Join(read(t, p.PDF), "\n")
		for _, text := range want {
			if !strings.Contains(all, strings.ReplaceAll(text, " ", "")) {
				t.Errorf("%s: %q is not in %s", language, text, all)
			}
		}
	}
	if _, err := printing.New().Print(t.Context(), tenant.System(), files(tenant), printing.Wanted{Object: "account", Record: account, Template: "quote_document"}); !fault.Is(err, "print.unknown") {
		t.Errorf("of another object: %v", err)
	}
}
