package explain_test

import (
	"encoding/json"
	"testing"

	"formwork/engine/enginetest"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record"
)

const (
	plan = `{"kind":"object","name":"plan","label":"Plan","name_field":"name","fields":{"name":{"type":"text"},"price":{"type":"number"}}}`
	dear = `{"kind":"sharing","name":"dear","label":"Dear","object":"plan","when":"price > 100","to":{"everyone":true},"access":"read"}`
	own  = `{"kind":"permission","name":"own","label":"O","objects":{"plan":{"read":true}}}`
	// Auditors see the setup, and not the price.
	auditor  = `{"kind":"permission","name":"auditor","label":"A","objects":{"plan":{"read":true,"read_all":true,"fields":{"*":"read","price":"none"}},"user":{"read":true,"fields":{"*":"read","email":"none","name":"none"}}},"system":["view_setup"]}`
	outsider = `{"kind":"permission","name":"outsider","label":"A","objects":{"plan":{"read":true,"read_all":true}},"system":["view_setup"]}`
)

// A right over the setup shows neither users whom the asker may not read, nor whether
// conditions hold that read what they may not.
func TestTheSetupShowsNoRecords(t *testing.T) {
	main := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
	main.Apply(plan, dear, own, auditor, outsider)
	bob := main.User("bob@example.com", map[string]any{"permissions": []any{"own"}, "name": "Bob"})
	costly, cheap := main.Create("plan", map[string]any{"name": "A", "price": json.Number("200")}), main.Create("plan", map[string]any{"name": "B", "price": json.Number("10")})
	explain := func(set, user string, of id.ID) (*record.Explanation, error) {
		who, active, err := main.Auth.Describe(t.Context(), main.Tenant, user)
		if err != nil {
			t.Fatal(err)
		}
		_, byID := id.Parse(user)
		return main.As(main.CallerWith(set+main.IDs.Next().String()+"@example.com", set)).Explain(t.Context(),
			record.Question{Who: who, Active: active, ByEmail: !byID, Object: "plan", ID: of, Action: policy.Read})
	}
	for set, users := range map[string][]string{"outsider": {bob.String(), "bob@example.com"}, "auditor": {"bob@example.com"}} {
		for _, user := range users {
			if _, err := explain(set, user, costly); !fault.Is(err, "auth.user_not_found") {
				t.Errorf("%s asks about %s: %v", set, user, err)
			}
		}
	}
	for _, c := range []struct {
		set   string
		told  bool
		named string
	}{{"auditor", false, bob.String()}, {"admin", true, "Bob"}} {
		for _, of := range []id.ID{costly, cheap} {
			found, err := explain(c.set, bob.String(), of)
			if err != nil {
				t.Fatal(err)
			}
			if !c.told && !found.Allowed {
				t.Errorf("the decision tells %s of the price", c.set)
			}
			if c.told && found.Allowed != (of == costly) {
				t.Errorf("%s: %v", c.set, found.Allowed)
			}
			for _, reason := range found.Reasons {
				if reason.Document.Name == "dear" && (reason.Holds != nil) != c.told {
					t.Errorf("%s is told whether the price is above 100: %v", c.set, reason.Holds)
				}
				if name, given := reason.Text.Params["user"]; given && name != c.named {
					t.Errorf("%s is told the name %v", c.set, name)
				}
			}
		}
	}
}
