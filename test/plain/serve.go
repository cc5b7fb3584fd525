package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// largest is how long a body may be, in bytes: 500 rows at once.
const largest = 8 << 20

// operation is what is sent to measure; {{id}}, {{n}}, {{value}} and {{term}} are filled in.
type operation struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Body   string `json:"body,omitempty"`
}

// target tells what to send, by the names that the measurements have. Rows of a bulk load are
// sent as {"rows": […]} and answered as {"ids": […]}, and have the number of their owner,
// from 1; the first measures.
var target = map[string]any{
	"headers": map[string]string{"Authorization": "Bearer 1"},
	"ops": map[string]operation{
		"bulk":          {"POST", "/accounts/bulk", ""},
		"read":          {"GET", "/accounts/{{id}}", ""},
		"list_nototal":  {"GET", "/accounts?status={{value}}", ""},
		"list":          {"GET", "/accounts?status={{value}}&count=1", ""},
		"search":        {"GET", "/accounts?q={{term}}", ""},
		"aggregate_own": {"GET", "/industries", ""},
		"aggregate":     {"GET", "/industries?all=1", ""},
		"update":        {"PATCH", "/accounts/{{id}}", `{"email":"load{{n}}@example.com"}`},
		"create": {"POST", "/accounts", `{"name":"Created by load {{n}}","industry":"energy","annual_revenue":123456789,"employees":4711,"phone":"+49 30 1234567",` +
			`"email":"load{{n}}@example.com","website":"https://alpha-bravo-{{n}}.example.com/1","billing_address":{"city":"Berlin"},"status":"customer",` +
			`"description":"Met the buyer at the trade fair and agreed a follow up next quarter. Needs a quote for the annual renewal including support and training."}`},
	},
}

// me is who asks: the token is their number.
func me(c *fiber.Ctx) int64 {
	number, _ := strconv.ParseInt(strings.TrimPrefix(c.Get("Authorization"), "Bearer "), 10, 64)
	return number
}

func serve(a *accounts) *fiber.App {
	app := fiber.New(fiber.Config{DisableStartupMessage: true, BodyLimit: largest})
	app.Get("/readyz", func(c *fiber.Ctx) error { return c.SendStatus(fiber.StatusOK) })
	app.Get("/target", func(c *fiber.Ctx) error { return c.JSON(target) })
	app.Get("/accounts", func(c *fiber.Ctx) error {
		if words := c.Query("q"); words != "" {
			page, err := readAll(a.found.Query(me(c), words+"*", most))
			return answer(c, fiber.Map{"items": page}, err)
		}
		page, err := readAll(a.list.Query(me(c), c.Query("status"), most))
		if err != nil || c.Query("count") == "" {
			return answer(c, fiber.Map{"items": page}, err)
		}
		var total int64
		err = a.count.QueryRow(me(c), c.Query("status")).Scan(&total)
		return answer(c, fiber.Map{"items": page, "total": total}, err)
	})
	app.Get("/accounts/:id", func(c *fiber.Ctx) error {
		one, err := read(a.one.QueryRow(c.Params("id"), me(c)))
		return answer(c, one, err)
	})
	app.Get("/industries", func(c *fiber.Ctx) error {
		if c.Query("all") != "" {
			groups, err := readGroups(a.allGroups.Query())
			return answer(c, groups, err)
		}
		groups, err := readGroups(a.ownGroups.Query(me(c)))
		return answer(c, groups, err)
	})
	app.Post("/accounts", func(c *fiber.Ctx) error {
		one := make([]account, 1)
		if err := json.Unmarshal(c.Body(), &one[0]); err != nil || one[0].Name == "" {
			return c.SendStatus(fiber.StatusUnprocessableEntity)
		}
		one[0].Owner = me(c)
		err := a.insert(one)
		return answer(c.Status(fiber.StatusCreated), one[0], err)
	})
	app.Post("/accounts/bulk", func(c *fiber.Ctx) error {
		var sent struct{ Rows []account }
		if err := json.Unmarshal(c.Body(), &sent); err != nil {
			return c.SendStatus(fiber.StatusUnprocessableEntity)
		}
		err := a.insert(sent.Rows)
		ids := make([]string, len(sent.Rows))
		for i, one := range sent.Rows {
			ids[i] = strconv.FormatInt(one.ID, 10)
		}
		return answer(c, fiber.Map{"ids": ids}, err)
	})
	app.Patch("/accounts/:id", func(c *fiber.Ctx) error {
		one, err := a.update(c.Params("id"), me(c), func(one *account) error { return json.Unmarshal(c.Body(), one) })
		return answer(c, one, err)
	})
	return app
}

func answer(c *fiber.Ctx, body any, err error) error {
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return c.SendStatus(fiber.StatusNotFound)
	case err != nil:
		return err
	}
	return c.JSON(body)
}
