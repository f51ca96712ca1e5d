"use strict";
(function () {
  var find = document.getElementById("find");
  var sites = Array.prototype.slice.call(document.querySelectorAll("details.site"));
  var fold = document.getElementById("good");
  // A link to a site opens it, and what it is folded into.
  function open() {
    var part = document.getElementById(location.hash.slice(1));
    for (var at = part; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    if (part) part.scrollIntoView();
  }
  window.addEventListener("hashchange", open);
  if (location.hash) open();
  if (find) find.hidden = false;
  if (find) find.addEventListener("input", function () {
    var asked = find.value.trim().toLowerCase();
    sites.forEach(function (site) { site.hidden = asked !== "" && site.dataset.find.indexOf(asked) < 0; });
    if (fold && asked) fold.open = true;
  });
  // A page that nobody draws any more: batches take minutes, and an hour without one is too long.
  var heard = document.querySelector("#heard time");
  if (heard) document.getElementById("silent").hidden = Date.now() - new Date(heard.dateTime) < 3600000;
  // Times are told in UTC; the reader's own clock is a touch away, and beside the ones at the top.
  document.querySelectorAll("time").forEach(function (time) {
    var moment = new Date(time.dateTime);
    if (isNaN(moment)) return;
    time.title = moment.toLocaleString();
    if (time.closest("header") && moment.getTimezoneOffset() !== 0) {
      time.textContent += " (" + moment.toLocaleTimeString([], {hour: "2-digit", minute: "2-digit"}) + " here)";
    }
  });
})();
