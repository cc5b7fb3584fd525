package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// What an attacker does is a function here; the tables name each, and say how many do it at
// once.

// setTrap makes what the attackers work with: an object with many formulas, and records with
// long texts.
func setTrap(t *testing.T, admin *client) {
	costly := "0" + strings.Repeat(" + len(padLeft(name, 1000))", 60)
	fields := object{"notes": object{"type": "long_text"}, "size": object{"type": "number", "scale": 0}}
	for i := range 100 {
		fields[fmt.Sprint("costly_", i)] = formula(costly)
	}
	admin.apply(t, plain("trap", fields))
	long := strings.Repeat(`\" `, 10_000)
	for range 4 {
		var operations []object
		for i := range 100 {
			operations = append(operations, object{"op": "create", "data": object{"name": fmt.Sprint("Long ", i), "description": long}})
		}
		admin.must(t, 200, "POST", "/records/account/bulk", object{"operations": operations})
	}
}

var adminAttacks = map[string]attack{
	"admin plans formulas": {4, func(o *attempt) {
		fields := object{}
		for i := range 150 {
			fields[fmt.Sprint("f", i)] = formula(repeated("size", "+", 450) + fmt.Sprint("+", o.random.Int32()))
		}
		fields["size"] = object{"type": "number", "scale": 0}
		o.send(o.admin, "POST", "/metadata/plan", object{"documents": []object{plain(fmt.Sprint("p", o.n), fields)}})
	}},
	"admin plans patterns": {2, func(o *attempt) {
		fields := object{}
		for i := range 300 {
			fields[fmt.Sprint("f", i)] = object{"type": "text", "pattern": fmt.Sprintf("(x%d){90}(y{100}|z{200}){4}", o.random.Int32())}
		}
		o.send(o.admin, "POST", "/metadata/plan", object{"documents": []object{plain("patterns", fields)}})
	}},
	"admin plans policies": {2, func(o *attempt) {
		var rego strings.Builder
		rego.WriteString("package formwork.custom.p\nallow if {\n" + strings.Repeat("a\n", 8) + "}\n")
		for i := range 40 {
			fmt.Fprintf(&rego, "a if input.record.name == \"%d\"\n", i)
		}
		o.send(o.admin, "POST", "/metadata/plan", object{"documents": []object{{"kind": "policy", "name": "p", "object": "account", "rego": rego.String()}}})
	}},
	"admin publishes": {1, func(o *attempt) {
		o.send(o.admin, "POST", "/metadata/apply", object{"documents": []object{plain("changing", object{fmt.Sprint("f", o.round%50): object{"type": "text"}})}, "allow": []string{"*"}})
	}},
	"admin sends huge documents": {4, func(o *attempt) {
		o.send(o.admin, "POST", "/metadata/plan", hugeDocuments)
	}},
	"admin sends deep documents": {4, func(o *attempt) {
		o.send(o.admin, "POST", "/metadata/plan", deepDocuments)
	}},
	"admin reads the configuration": {16, func(o *attempt) {
		paths := []string{"/openapi.json", "/metadata?bodies=true", "/metadata", "/schemas/records/trap", "/metadata/revisions", "/metadata/advice"}
		answer, err := o.admin.send("GET", paths[o.round%len(paths)], nil, "Accept-Language", []string{"en", "zh"}[o.round%2])
		if err == nil {
			o.count(fmt.Sprint(answer.status))
		}
	}},
}

var userAttacks = map[string]attack{
	"user leaves pages unread": {40, func(o *attempt) {
		o.raw("127.0.0.2", strings.Repeat("GET /api/v1/records/account?limit=500 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+o.user.token+"\r\n\r\n", 8), 3*time.Second)
	}},
	"user exports slowly": {20, func(o *attempt) {
		o.raw("127.0.0.2", "GET /api/v1/exports/account HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+o.admin.token+"\r\n\r\n", 5*time.Second)
	}},
	"user groups": {16, func(o *attempt) {
		o.send(o.admin, "POST", "/records/account/aggregate", object{"group": []object{{"field": "name"}, {"field": "id"}, {"field": "created_at"}}, "measures": []object{{"op": "count", "as": "n"}}, "limit": 10000})
	}},
	"user computes": {16, func(o *attempt) {
		var operations []object
		for i := range 200 {
			operations = append(operations, object{"op": "create", "data": object{"name": strings.Repeat("x", 200) + fmt.Sprint(i)}})
		}
		o.send(o.admin, "POST", "/records/trap/bulk", object{"operations": operations})
	}},
	"user asks for forms": {16, func(o *attempt) {
		o.send(o.admin, "POST", "/records/trap/form", object{"data": object{"name": strings.Repeat("y", 200)}})
	}},
	"user filters": {16, func(o *attempt) {
		var filter strings.Builder
		filter.WriteString(`name contains "` + fmt.Sprint(o.random.Int32()) + `"`)
		for i := range 150 {
			fmt.Fprintf(&filter, ` or description contains "%d"`, o.round*1000+i)
		}
		o.send(o.user, "GET", "/records/account?"+query("filter", filter.String(), "count", "exact").Encode(), nil)
	}},
	"user searches": {16, func(o *attempt) {
		words := make([]string, 40)
		for i := range words {
			words[i] = string(rune('a' + o.random.IntN(26)))
		}
		o.send(o.user, "GET", "/search?"+query("q", strings.Join(words, " ")).Encode(), nil)
	}},
	"user sends deep JSON": {4, func(o *attempt) {
		o.send(o.user, "POST", "/records/account", `{"name":`+strings.Repeat("[", 900_000))
	}},
	"user sends slow bodies": {30, func(o *attempt) {
		o.raw("127.0.0.2", "POST /api/v1/records/account/bulk HTTP/1.1\r\nHost: x\r\nContent-Length: 16000000\r\nAuthorization: Bearer "+o.user.token+"\r\n\r\n"+strings.Repeat(" ", 1<<20), 4*time.Second)
	}},
	"user imports": {4, func(o *attempt) {
		options, _ := json.Marshal(object{"object": "lead"})
		o.send(o.admin, "POST", "/imports", form(string(options), refusedRows))
	}},
	"user uploads bombs": {2, func(o *attempt) {
		o.send(o.user, "POST", "/files", text{"application/octet-stream", string(pictureBomb)})
	}},
}

// Bodies that are large, made once.
var (
	hugeDocuments = `{"documents":[` + strings.Repeat(`{"kind":"object","name":"x","label":"`+strings.Repeat("x", 900_000)+`"},`, 15) + `{}]}`
	deepDocuments = strings.Repeat(`{"documents":[`, 500_000)
	refusedRows   = "name,email\n" + strings.Repeat(",no address at all\n", 50_000)
)

// pictureBomb says that it is a picture of 60,000 × 60,000 points.
var pictureBomb = append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\xea\x60\x00\x00\xea\x60\x08\x06\x00\x00\x00"), bytes.Repeat([]byte{0}, 100_000)...)

// somewhere is one of a thousand addresses.
func (o *attempt) somewhere() string {
	return fmt.Sprintf("127.1.%d.%d", o.random.IntN(4), 1+o.random.IntN(250))
}

var strangerAttacks = map[string]attack{
	"stranger only connects": {600, func(o *attempt) { o.raw("127.0.0.3", "", 10*time.Second) }},
	"stranger sends headers slowly": {100, func(o *attempt) {
		o.raw(o.somewhere(), "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "+strings.Repeat("x", 8000), 5*time.Second)
	}},
	"stranger sends too many headers": {8, func(o *attempt) {
		o.raw(o.somewhere(), "GET / HTTP/1.1\r\nHost: x\r\n"+strings.Repeat("X-A: b\r\n", 100_000), 10*time.Millisecond)
	}},
	"stranger sends bodies slowly": {100, func(o *attempt) {
		o.raw(o.somewhere(), "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 16000\r\n\r\n{", 5*time.Second)
	}},
	"stranger speaks no HTTP": {8, func(o *attempt) {
		noise := make([]byte, 4096)
		for i := range noise {
			noise[i] = byte(o.random.Uint32())
		}
		o.raw(o.somewhere(), []string{string(noise), "GET / HTTP/1.1\nHost: x\n\n", "GET  HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00"}[o.round%4], 20*time.Millisecond)
	}},
	"stranger pipelines": {8, func(o *attempt) {
		o.raw(o.somewhere(), strings.Repeat("GET /api/v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n", 2000), 200*time.Millisecond)
	}},
	"stranger logs in": {24, func(o *attempt) {
		from := o.somewhere()
		body := fmt.Sprintf(`{"email":"admin%d@example.com","password":"wrong wrong %d","tenant":"%s"}`, o.random.IntN(1000), o.round, []string{"main", "hostile", "none"}[o.round%3])
		o.raw(from, fmt.Sprintf("POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body), 100*time.Millisecond)
	}},
}
