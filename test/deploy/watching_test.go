package deploy

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/rulefmt"
	promql "github.com/prometheus/prometheus/promql/parser"
)

// Rules and board are read by Prometheus's own parser, and ask for metrics that there are.
func TestWatching(t *testing.T) {
	names := shown(t)
	asks := func(where, text string) {
		t.Helper()
		expr, err := promql.ParseExpr(text)
		if err != nil {
			t.Errorf("%s: %v", where, err)
			return
		}
		for _, selectors := range promql.ExtractSelectors(expr) {
			for _, m := range selectors {
				if m.Name == "__name__" && !names[m.Value] {
					t.Errorf("%s asks for %s, which no process shows", where, m.Value)
				}
			}
		}
	}
	groups, problems := rulefmt.Parse(read(t, "prometheus/alerts.yaml"), false)
	for _, problem := range problems {
		t.Error(problem)
	}
	for _, group := range groups.Groups {
		for _, rule := range group.Rules {
			asks(rule.Alert, rule.Expr)
			if rule.Labels["severity"] == "" || rule.Annotations["summary"] == "" {
				t.Errorf("%s has no severity or summary", rule.Alert)
			}
		}
	}

	var board struct {
		Panels []struct {
			ID      int
			Title   string
			Type    string
			GridPos struct{ X, W int }
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(read(t, "grafana/formwork.json"), &board); err != nil {
		t.Fatal(err)
	}
	variables := strings.NewReplacer("$__rate_interval", "5m", "$instance", ".*")
	seen, asked := map[int]bool{}, 0
	for _, p := range board.Panels {
		if seen[p.ID] || p.GridPos.X+p.GridPos.W > 24 || p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("the panel %q can't be shown", p.Title)
		}
		seen[p.ID] = true
		for _, target := range p.Targets {
			asks("the panel "+p.Title, variables.Replace(target.Expr))
			asked++
		}
	}
	if asked < 20 {
		t.Errorf("the board asks %d questions", asked)
	}
}
