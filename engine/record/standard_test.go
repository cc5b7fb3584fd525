package record_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/enginetest"
	"formwork/engine/record"
)

// What the package of sales computes when it is read: where an account is on a map, what was sold
// of a product this year, and which deals are large for whoever looks.
func TestStandardFieldsComputedWhenRead(t *testing.T) {
	engine := enginetest.New(t, enginetest.Options{})
	main := engine.NewTenant("main", "core", "sales")
	account := main.Create("account", map[string]any{"name": "Acme", "billing_address": map[string]any{"street": "Main St 1", "city": "Köln"}})
	nowhere := main.Create("account", map[string]any{"name": "Nowhere"})
	product := main.Create("product", map[string]any{"name": "Anvil"})
	year := engine.Now().Year()
	for i, amount := range []string{"25000", "60000", "150000"} {
		close := time.Date(year-i%2, 6, 1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
		deal := main.Create("opportunity", map[string]any{"name": amount, "account": account.String(), "amount": json.Number(amount), "close_date": close})
		main.Create("line_item", map[string]any{"opportunity": deal.String(), "product": product.String(), "quantity": json.Number("2"), "unit_price": json.Number("10.50")})
		won := main.Create("opportunity", map[string]any{"name": "won", "account": account.String(), "amount": json.Number(amount), "close_date": close, "stage": "won"})
		main.Create("line_item", map[string]any{"opportunity": won.String(), "product": product.String(), "quantity": json.Number("1"), "unit_price": json.Number(amount)})
	}
	s := main.As(main.CallerWith("admin@example.com", "admin"))
	for _, c := range []struct {
		object string
		key    string
		field  string
		want   string
	}{
		{"account", account.String(), "map", `"map":{"url":"https://www.openstreetmap.org/search?query=Main%20St%201,%20K%C3%B6ln","label":"OpenStreetMap"}}`},
		{"account", nowhere.String(), "map", `"map":null}`},
		{"product", product.String(), "sold_this_year", `"sold_this_year":175000.00}`},
	} {
		page, err := s.List(t.Context(), c.object, record.ListQuery{Filter: `id == "` + c.key + `"`, Fields: []string{c.field}})
		if err != nil || len(page.Items) != 1 {
			t.Fatal(page, err)
		}
		if got, _ := json.Marshal(page.Items[0]); !strings.HasSuffix(string(got), c.want) {
			t.Errorf("%s, not %s", got, c.want)
		}
	}
	view := catalog.Views(main.Snapshot())["large_opportunities"].Doc
	for role, want := range map[string]int{"": 1, "sales_director": 1, "sales_manager": 2, "sales_rep": 3} {
		who := main.As(main.Caller(main.User("x"+role+"@example.com", map[string]any{"permissions": []any{"admin"}, "role": role})))
		page, err := who.List(t.Context(), "opportunity", record.ListQuery{Filter: view.Filter, Sort: view.Sort})
		if err != nil || len(page.Items) != want {
			t.Errorf("%q sees %d large deals, %v, not %d", role, len(page.Items), err, want)
		}
	}
}
