package mailtest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestList(t *testing.T) {
	t.Parallel()
	m := ParseMessage([]byte(`List-Id: The news <news.example.com>
List-Unsubscribe: <mailto:leave@example.com?subject=x>,
 <https://example.com/
 leave?id=1>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
List-Help: <https://example.com/help> (help)
List-Post: NO

x
`))
	want := List{
		ID: "news.example.com", Help: []string{"https://example.com/help"}, OneClick: true,
		Unsubscribe: []string{"mailto:leave@example.com?subject=x", "https://example.com/leave?id=1"},
	}
	if diff := cmp.Diff(want, m.List()); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(List{}, ParseMessage(nil).List()); diff != "" {
		t.Errorf("list of a message without one (-want +got):\n%s", diff)
	}
}
