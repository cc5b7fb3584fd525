package policy

import (
	"fmt"
	"strings"
)

// rego writes a policy that passes every check: rules allow and deny, a helper that
// others use and negate, and a function.
func (g *generator) rego(name string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "package formwork.custom.%s\n\nimport rego.v1\n\n", name)
	if g.coin() {
		b.WriteString("default allow := false\n\n")
	}
	for range 1 + g.IntN(3) {
		b.WriteString(g.rule("allow", 3))
	}
	if g.coin() {
		b.WriteString(g.rule("deny", 2))
	}
	for range 1 + g.IntN(3) {
		b.WriteString(g.rule("helper", 1))
	}
	fmt.Fprintf(&b, "same(x) if {\n\t%s\n\tinput.record.region == x\n}\n\nsame(x) if input.record.name == x\n\n", g.condition())
	fmt.Fprintf(&b, "known if %s\n", g.aboutUser())
	return b.String()
}

func (g *generator) rule(name string, deep int) string {
	var body []string
	for range 1 + g.IntN(3) {
		switch g.IntN(9) {
		case 0:
			body = append(body, g.aboutUser())
		case 1:
			if deep > 1 {
				body = append(body, g.one("helper", "not helper", "not helper"))
			}
		case 2:
			if deep > 1 {
				body = append(body, g.one(`same(input.user.region)`, `same("west")`, `same(input.user.name)`))
			}
		case 3:
			body = append(body, "some t in input.user.teams", g.one("input.record.region == t", "not input.record.region == t", "t != input.record.region"))
		case 4:
			body = append(body, "v := "+g.one("input.user.region", "input.user.level", "input.user.active", "input.user.boss"),
				g.one("input.record.region", "input.record.amount")+" "+g.operator()+" v")
		default:
			body = append(body, g.condition())
		}
	}
	if len(body) == 0 {
		body = []string{g.condition()}
	}
	return dedupe(name, body)
}

// dedupe writes a rule whose variables are declared once.
func dedupe(name string, body []string) string {
	seen := map[string]bool{}
	var lines []string
	for _, line := range body {
		if declares := strings.HasPrefix(line, "some ") || strings.HasPrefix(line, "v :="); declares {
			if seen[line[:3]] {
				continue
			}
			seen[line[:3]] = true
		}
		lines = append(lines, "\t"+line)
	}
	return name + " if {\n" + strings.Join(lines, "\n") + "\n}\n\n"
}

func (g *generator) operator() string { return g.one("==", "!=", "<", "<=", ">", ">=") }

func (g *generator) aboutUser() string {
	return g.one(`input.user.role == "boss"`, `"red" in input.user.teams`, `input.action == "read"`, `input.action in ["read", "update"]`,
		`count(input.user.teams) > 1`, `not input.user.region == "west"`, `input.user.level > 3`, `lower(input.user.region) == "west"`)
}

// condition compares a field of the record.
func (g *generator) condition() string {
	c := ""
	switch g.IntN(12) {
	case 0, 1:
		c = g.sides(g.one("input.record.region", "input.record.other_region", "input.record.name", `input.record["owner.region"]`),
			g.operator(), g.one(`"west"`, `"east"`, `"zz"`, "input.user.region", "input.user.name"))
	case 2, 3:
		c = g.sides(g.one("input.record.amount", "input.record.discount"), g.operator(),
			g.one("100", "100.005", "99.994", "0", "-5.001", "99999999999999", "-0.1", "input.user.level", "input.user.quota"))
	case 4:
		c = g.one("input.record.region", "input.record.amount", "input.record.owner", `input.record["owner.role"]`) + " " + g.one("==", "!=") + " null"
	case 5:
		c = g.one("input.record.region", "input.record.name") + " in " +
			g.one(`["west", "north"]`, `{"west"}`, `[null, "east"]`, "[]", "input.user.teams", "input.user.regions", `["east", input.user.region]`)
	case 6:
		c = g.one("startswith", "endswith", "contains") + "(" + g.one("input.record.region", "input.record.name") + ", " + g.one(`"we"`, `"t"`, `""`, "input.user.region") + ")"
	case 7:
		c = g.sides("input.record.region", g.operator(), "input.record.other_region")
	case 8:
		c = g.sides("input.record.amount", g.operator(), "input.record.discount")
	case 9:
		c = g.sides(g.one("input.record.owner", `input.record["owner.boss"]`), g.one("==", "!="), g.one("input.user.id", "input.user.boss", `"0000000000zzz"`))
	case 10:
		c = g.sides(`input.record["owner.joined"]`, g.operator(), g.one(`"2026-01-31"`, "input.user.joined"))
		if g.coin() {
			c = g.sides(`input.record["owner.seen"]`, g.operator(), g.one(`"2026-01-01T00:00:00Z"`, `"2026-01-15T00:00:00Z"`, "input.user.seen"))
		}
	case 11:
		c = g.sides(`input.record["owner.active"]`, g.operator(), g.one("true", "false", "input.user.active"))
	}
	if g.IntN(4) == 0 && !strings.Contains(c, "null") && !strings.HasSuffix(c, "input.user.region)") {
		return "not " + c
	}
	return c
}

// sides writes a comparison either way round.
func (g *generator) sides(a, op, b string) string {
	if g.coin() || b[0] == '-' { // at the start of a line it would take away from the line before
		return a + " " + op + " " + b
	}
	turned := strings.NewReplacer("<", ">", ">", "<").Replace(op)
	return b + " " + turned + " " + a
}
