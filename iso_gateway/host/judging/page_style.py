"""How the page of a report looks."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root{--paper:#fff;--ink:#1c2330;--soft:#5b6577;--line:#d9dee7;--tint:#f4f6fa;--good:#12704a;--good-bg:#e3f4ec;
--bad:#b3261e;--bad-bg:#fdecea;--wait:#7a5a00;--wait-bg:#fbf2d9;--ask:#1f5fbf;--answer:#4a5568}
@media(prefers-color-scheme:dark){:root{--paper:#12161d;--ink:#e5e9f0;--soft:#98a3b5;--line:#2c3441;--tint:#1a202a;
--good:#6fd3a6;--good-bg:#14362a;--bad:#ff9089;--bad-bg:#3a1c1b;--wait:#e7c66b;--wait-bg:#382f16;--ask:#82b1ff;
--answer:#a9b4c6}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:1120px;margin:0 auto;padding:32px 24px 64px}
h1{font-size:26px;line-height:1.25;margin:0 0 4px}h2{font-size:21px;margin:44px 0 0}
h3{font-size:13px;margin:28px 0 8px;color:var(--soft);text-transform:uppercase;letter-spacing:.06em}
header p,.under,.note{color:var(--soft);margin:0}
a{color:inherit;text-decoration-color:var(--line);text-underline-offset:3px}a:hover{text-decoration-color:currentColor}
code{font:13px/1.5 ui-monospace,"SF Mono",Menlo,"DejaVu Sans Mono",monospace}
table{width:100%;border-collapse:collapse;margin:12px 0}
th{text-align:left;font-weight:600;color:var(--soft);font-size:13px}
td,th{padding:7px 14px 7px 0;border-bottom:1px solid var(--line);vertical-align:top}
.verdicts td:first-child{width:92px}.verdicts td:nth-child(2){width:210px}
.source{color:var(--soft);font-size:13px;white-space:nowrap;padding-right:0;text-align:right}
.do{color:var(--soft);font-size:13px}
.pill{display:inline-block;padding:0 9px;border-radius:9px;font-size:13px;line-height:20px;font-weight:600;
white-space:nowrap}
h1 .pill{font-size:15px;line-height:26px;border-radius:13px;padding:0 12px;vertical-align:4px;margin-left:8px}
.passed{color:var(--good);background:var(--good-bg)}.failed{color:var(--bad);background:var(--bad-bg)}
.not-seen,.open{color:var(--wait);background:var(--wait-bg)}.not-asked{color:var(--soft);background:var(--tint)}
.findings{margin:8px 0;padding:12px 20px 12px 40px;background:var(--bad-bg);border-radius:8px}
.findings li{margin:5px 0}.findings b{color:var(--bad);margin-right:4px}.findings small{display:block;color:var(--soft)}
.timeline{font-size:13px;overflow-x:auto}
.ends,.step{display:grid;grid-template-columns:104px 560px minmax(170px,1fr);min-width:834px}
.ends span{grid-column:2;grid-row:1;color:var(--soft);font-weight:600}.ends span+span{text-align:right}
.step{break-inside:avoid;scroll-margin:40px;overflow:hidden}.step:target{background:var(--tint)}
.step.fault{background:var(--bad-bg)}
.when{padding:9px 14px 0 8px;text-align:right;color:var(--soft);font-variant-numeric:tabular-nums}
.pause{display:block;font-size:11px;line-height:12px;font-style:italic;margin-top:-12px;position:relative;top:6px;
margin-bottom:6px}
.what{padding:9px 10px 4px 18px;color:var(--bad)}.what p{margin:0 0 4px;line-height:1.35}.what b{display:block}
.row{display:block;width:560px;height:62px;overflow:visible}
.row path{fill:none;stroke-width:1.6}.life{stroke:var(--line);stroke-width:2!important}
.asks{stroke:var(--ask)}.answers{stroke:var(--answer);stroke-dasharray:none}.answers.wrong,.cut{stroke:var(--bad)}
.cut{stroke-dasharray:5 4}.cross{stroke:var(--bad);stroke-width:2.4!important}
.row .head{stroke:none}.head.asks{fill:var(--ask)}.head.answers{fill:var(--answer)}.head.answers.wrong{fill:var(--bad)}
text{font:12.5px system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;text-anchor:middle;fill:var(--ink)}
.beside{text-anchor:end;fill:var(--bad)}.beside.after{text-anchor:start}.said{fill:var(--soft)}.said.wrong{fill:var(--bad)}
@media print{:root{--paper:#fff;--ink:#000;--soft:#444;--line:#ccc;--tint:#fff;--good:#12704a;--good-bg:#e3f4ec;
--bad:#b3261e;--bad-bg:#fdecea;--wait:#7a5a00;--wait-bg:#fbf2d9;--ask:#1f5fbf;--answer:#4a5568}
body{font-size:11pt;print-color-adjust:exact;-webkit-print-color-adjust:exact}main{max-width:none;padding:0}
.timeline{overflow:visible;zoom:.8}tr,.findings li{break-inside:avoid}h2,h3{break-after:avoid}a{text-decoration:none}
.step:target{background:none}.step.fault:target{background:var(--bad-bg)}}
"""
"""Light and dark by what the reader's system prefers; on paper always light."""
