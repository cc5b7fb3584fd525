package api

import (
	"encoding/json"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/record"
)

// BoardOf asks for a list in columns.
type BoardOf struct {
	View    string            `json:"view,omitempty"`    // a view of the object: as of a list
	Filter  string            `json:"filter,omitempty"`  // an expression
	Q       string            `json:"q,omitempty"`       // words
	By      string            `json:"by"`                // a choice, a checkbox, or a reference to one object
	Columns []json.RawMessage `json:"columns,omitempty"` // up to 50 values, null for empty; absent: the active options in order, then what records have besides; of a reference those with the most records
	Fields  []string          `json:"fields,omitempty"`  // of the cards
	Sums    []string          `json:"sums,omitempty"`    // numbers that are summed up in each column
	Sort    []string          `json:"sort,omitempty"`    // of the cards; "-amount" descends
	Limit   int               `json:"limit,omitempty"`   // cards of a column, 1 to 50; 10 when absent
}

// Board is a list in columns.
type Board struct {
	Columns []BoardColumn `json:"columns"`
	Names   Names         `json:"names"` // of what columns and cards refer to
}

// BoardColumn has the records with one value, and the first of them as cards.
type BoardColumn struct {
	Value  json.RawMessage            `json:"value"` // null for empty
	Count  int64                      `json:"count"`
	Sums   map[string]json.RawMessage `json:"sums"`   // by field; null where there is nothing to sum up
	Filter string                     `json:"filter"` // of the list of all records of the column
	Items  []Record                   `json:"items"`
	Next   *string                    `json:"next"` // the cursor by which that list goes on; null: there are no more
}

// board is POST /records/{object}/board.
func (s *Server) board(r *request) error {
	var in BoardOf
	if err := r.decode(smallBody, &in, false); err != nil {
		return err
	}
	q := record.BoardQuery{Filter: in.Filter, Q: in.Q, By: in.By, Fields: in.Fields, Sums: in.Sums, Sort: in.Sort, Limit: in.Limit}
	if in.Columns != nil {
		q.Columns = make([]any, len(in.Columns))
		for i, raw := range in.Columns {
			var err error
			if q.Columns[i], err = parse(raw); err != nil {
				return err
			}
		}
	}
	if in.View != "" {
		list := record.ListQuery{Sort: q.Sort, Fields: q.Fields}
		if err := r.through(in.View, &list); err != nil {
			return err
		}
		q.Within, q.Sort, q.Fields = list.Within, list.Sort, list.Fields
	}
	found, err := r.records().Board(r.ctx, r.object(), q)
	if err != nil {
		return err
	}
	return r.sent(fiber.StatusOK, appendBoard(r.buffer(), found))
}

// appendBoard appends a Board.
func appendBoard(b []byte, board *record.Board) []byte {
	b = append(b, `{"columns":[`...)
	for i, c := range board.Columns {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, `{"value":`...), c.Value...)
		b = strconv.AppendInt(append(b, `,"count":`...), c.Count, 10)
		b = append(b, `,"sums":{`...)
		for i, sum := range c.Sums {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(append(appendString(b, sum.Field), ':'), sum.Value...)
		}
		b = append(appendString(append(b, `},"filter":`...), c.Filter), ',')
		b = append(appendPage(b, c.Cards), '}')
	}
	return append(board.Names.AppendJSON(append(b, `],"names":`...)), '}')
}
