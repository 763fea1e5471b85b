// Comfort for keyboards. Everything works without it.
(function () {
  "use strict";
  function typing(target) {
    return target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]") !== null;
  }
  var keys = document.getElementById("keys");
  if (keys) {
    keys.checked = localStorage.getItem("keys") !== "off";
    keys.addEventListener("change", function () {
      localStorage.setItem("keys", keys.checked ? "on" : "off");
    });
  }
  document.addEventListener("keydown", function (event) {
    if (!keys || !keys.checked) return;
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || typing(event.target)) return;
    var wanted = document.querySelector('[data-key="' + CSS.escape(event.key) + '"]');
    if (!wanted) return;
    event.preventDefault();
    if (wanted.matches("details")) {
      wanted.open = !wanted.open;
      wanted.querySelector("summary").focus();
    } else if (wanted.matches("input, textarea, select")) {
      wanted.focus();
      if (wanted.matches("[type=radio], [type=checkbox]")) wanted.click();
    } else {
      wanted.click();
    }
  });
})();
