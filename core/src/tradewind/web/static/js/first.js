// Before anything is painted: the theme that was chosen, so that a dark page does not flash light.
const chosen = localStorage.getItem("tradewind.theme");
if (chosen) document.documentElement.dataset.theme = chosen;
