"""Papers as HWPX (KS X 6101, OWPML): a zip of XML that Hangul opens and an office edits on.

Only what a report needs: paragraphs of three weights and tables. The same words give the same bytes.
"""

import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

_WIDTH: Final = 48_188
"""Of the text on A4 in HWPUNIT (1/7200 inch)."""
_ROW: Final = 1_700
_NAMES: Final = (
    'xmlns:hp="http://www.hancom.co.kr/hwpml/2011/paragraph" xmlns:hs="http://www.hancom.co.kr/hwpml/2011/section" '
    'xmlns:hc="http://www.hancom.co.kr/hwpml/2011/core" xmlns:hh="http://www.hancom.co.kr/hwpml/2011/head"'
)
_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes" ?>'
_BODY, _TITLE, _HEAD = 0, 1, 2
_LEFT, _CENTRE, _RIGHT = 0, 1, 2
_WRITTEN: Final = (2020, 1, 1, 0, 0, 0)
"""Of every file in the zip: when it was written is no part of what it says."""


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; `weight` 0 is the body, 1 the paper's title, 2 a heading."""

    words: str
    weight: int = 0


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: a row of headings, rows of cells; the first column is text, the others are numbers."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def written(title: str, blocks: Iterable[Text | Grid]) -> bytes:
    """The whole file."""
    told = list(blocks)
    plain = "\r\n".join(one.words for one in told if isinstance(one, Text))
    files = {
        "version.xml": _VERSION,
        "Contents/header.xml": _header(),
        "Contents/section0.xml": _section(told),
        "Preview/PrvText.txt": plain[:1000],
        "settings.xml": _SETTINGS,
        "META-INF/container.xml": _CONTAINER,
        "Contents/content.hpf": _package(title),
        "META-INF/manifest.xml": _MANIFEST,
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("mimetype", _WRITTEN), "application/hwp+zip")  # first, and not compressed
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _WRITTEN), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _section(blocks: Sequence[Text | Grid]) -> str:
    parts = [_paragraph(_run(_BODY, _PAGE), _LEFT)]
    for number, one in enumerate(blocks, start=1):
        if isinstance(one, Text):
            weight = (_BODY, _TITLE, _HEAD)[one.weight]
            parts.append(_paragraph(_run(weight, _words(one.words)), _CENTRE if weight == _TITLE else _LEFT))
        else:
            parts.append(_paragraph(_run(_BODY, _table(number, one) + "<hp:t/>"), _LEFT))
    return f"{_XML}<hs:sec {_NAMES}>{''.join(parts)}</hs:sec>"


def _paragraph(runs: str, alignment: int) -> str:
    return (
        f'<hp:p id="0" paraPrIDRef="{alignment}" styleIDRef="0" pageBreak="0" columnBreak="0" merged="0">{runs}</hp:p>'
    )


def _run(weight: int, inside: str) -> str:
    return f'<hp:run charPrIDRef="{weight}">{inside}</hp:run>'


def _words(words: str) -> str:
    readable = "".join(
        one for one in words if one >= " " and one not in "\ufffe\uffff" and not "\ud800" <= one <= "\udfff"
    )
    return f"<hp:t>{escape(readable)}</hp:t>"


def _table(number: int, grid: Grid) -> str:
    columns = len(grid.head)
    first = _WIDTH // (columns + 1) * 2 if columns > 1 else _WIDTH
    widths = [first] + [(_WIDTH - first) // max(columns - 1, 1)] * (columns - 1)
    lines = [grid.head, *grid.rows]
    rows = "".join(
        "<hp:tr>"
        + "".join(_cell(cell, at, row, widths[at], head=row == 0) for at, cell in enumerate(line))
        + "</hp:tr>"
        for row, line in enumerate(lines)
    )
    return (
        f'<hp:tbl id="{number}" zOrder="{number}" numberingType="TABLE" textWrap="TOP_AND_BOTTOM" '
        'textFlow="BOTH_SIDES" lock="0" dropcapstyle="None" pageBreak="CELL" repeatHeader="1" '
        f'rowCnt="{len(lines)}" colCnt="{columns}" cellSpacing="0" borderFillIDRef="2" noAdjust="0">'
        f'<hp:sz width="{sum(widths)}" widthRelTo="ABSOLUTE" height="{_ROW * len(lines)}" heightRelTo="ABSOLUTE" '
        'protect="0"/><hp:pos treatAsChar="1" affectLSpacing="0" flowWithText="1" allowOverlap="0" '
        'holdAnchorAndSO="0" vertRelTo="PARA" horzRelTo="PARA" vertAlign="TOP" horzAlign="LEFT" vertOffset="0" '
        'horzOffset="0"/><hp:outMargin left="0" right="0" top="140" bottom="140"/>'
        f'<hp:inMargin left="300" right="300" top="140" bottom="140"/>{rows}</hp:tbl>'
    )


def _cell(words: str, column: int, row: int, width: int, *, head: bool) -> str:
    inside = _paragraph(_run(_HEAD if head else _BODY, _words(words)), _LEFT if column == 0 else _RIGHT)
    return (
        f'<hp:tc name="" header="{int(head)}" hasMargin="0" protect="0" editable="0" dirty="0" '
        f'borderFillIDRef="{3 if head else 2}"><hp:subList id="" textDirection="HORIZONTAL" lineWrap="BREAK" '
        'vertAlign="CENTER" linkListIDRef="0" linkListNextIDRef="0" textWidth="0" textHeight="0" hasTextRef="0" '
        f'hasNumRef="0">{inside}</hp:subList><hp:cellAddr colAddr="{column}" rowAddr="{row}"/>'
        f'<hp:cellSpan colSpan="1" rowSpan="1"/><hp:cellSz width="{width}" height="{_ROW}"/>'
        '<hp:cellMargin left="300" right="300" top="140" bottom="140"/></hp:tc>'
    )


def _header() -> str:
    scripts = ("HANGUL", "LATIN", "HANJA", "JAPANESE", "OTHER", "SYMBOL", "USER")
    faces = "".join(
        f'<hh:fontface lang="{one}" fontCnt="1"><hh:font id="0" face="함초롬돋움" type="TTF" isEmbedded="0"/>'
        "</hh:fontface>"
        for one in scripts
    )
    letters = [_letters(_BODY, 1000), _letters(_TITLE, 1800, bold=True), _letters(_HEAD, 1100, bold=True)]
    lines = [_lines(_LEFT, "LEFT"), _lines(_CENTRE, "CENTER"), _lines(_RIGHT, "RIGHT")]
    fills = [_border(1, "NONE"), _border(2, "SOLID"), _border(3, "SOLID", "#EEEEEE")]
    return (
        f'{_XML}<hh:head {_NAMES} version="1.31" secCnt="1">'
        '<hh:beginNum page="1" footnote="1" endnote="1" pic="1" tbl="1" equation="1"/><hh:refList>'
        f'<hh:fontfaces itemCnt="{len(scripts)}">{faces}</hh:fontfaces>'
        f'<hh:borderFills itemCnt="{len(fills)}">{"".join(fills)}</hh:borderFills>'
        f'<hh:charProperties itemCnt="{len(letters)}">{"".join(letters)}</hh:charProperties>'
        '<hh:tabProperties itemCnt="1"><hh:tabPr id="0" autoTabLeft="0" autoTabRight="0"/></hh:tabProperties>'
        f'<hh:paraProperties itemCnt="{len(lines)}">{"".join(lines)}</hh:paraProperties>'
        '<hh:styles itemCnt="1"><hh:style id="0" type="PARA" name="바탕글" engName="Normal" paraPrIDRef="0" '
        'charPrIDRef="0" nextStyleIDRef="0" langID="1042" lockForm="0"/></hh:styles></hh:refList>'
        '<hh:compatibleDocument targetProgram="HWP201X"><hh:layoutCompatibility/></hh:compatibleDocument>'
        '<hh:docOption><hh:linkinfo path="" pageInherit="0" footnoteInherit="0"/></hh:docOption></hh:head>'
    )


def _letters(id_: int, height: int, *, bold: bool = False) -> str:
    scripts = ("hangul", "latin", "hanja", "japanese", "other", "symbol", "user")

    def all_(value: int) -> str:
        return " ".join(f'{one}="{value}"' for one in scripts)

    return (
        f'<hh:charPr id="{id_}" height="{height}" textColor="#000000" shadeColor="none" useFontSpace="0" '
        f'useKerning="0" symMark="NONE" borderFillIDRef="1"><hh:fontRef {all_(0)}/><hh:ratio {all_(100)}/>'
        f"<hh:spacing {all_(0)}/><hh:relSz {all_(100)}/><hh:offset {all_(0)}/>{'<hh:bold/>' if bold else ''}"
        '<hh:underline type="NONE" shape="SOLID" color="#000000"/><hh:strikeout shape="NONE" color="#000000"/>'
        '<hh:outline type="NONE"/><hh:shadow type="NONE" color="#B2B2B2" offsetX="10" offsetY="10"/></hh:charPr>'
    )


def _lines(id_: int, alignment: str) -> str:
    margins = "".join(f'<hc:{one} value="0" unit="HWPUNIT"/>' for one in ("intent", "left", "right", "prev", "next"))
    return (
        f'<hh:paraPr id="{id_}" tabPrIDRef="0" condense="0" fontLineHeight="0" snapToGrid="1" '
        f'suppressLineNumbers="0" checked="0"><hh:align horizontal="{alignment}" vertical="BASELINE"/>'
        '<hh:heading type="NONE" idRef="0" level="0"/><hh:breakSetting breakLatinWord="KEEP_WORD" '
        'breakNonLatinWord="KEEP_WORD" widowOrphan="0" keepWithNext="0" keepLines="0" pageBreakBefore="0" '
        f'lineWrap="BREAK"/><hh:autoSpacing eAsianEng="0" eAsianNum="0"/><hh:margin>{margins}</hh:margin>'
        '<hh:lineSpacing type="PERCENT" value="150" unit="HWPUNIT"/><hh:border borderFillIDRef="1" offsetLeft="0" '
        'offsetRight="0" offsetTop="0" offsetBottom="0" connect="0" ignoreMargin="0"/></hh:paraPr>'
    )


def _border(id_: int, kind: str, colour: str | None = None) -> str:
    sides = "".join(
        f'<hh:{one}Border type="{kind}" width="0.12 mm" color="#808080"/>' for one in ("left", "right", "top", "bottom")
    )
    brush = f'<hc:fillBrush><hc:winBrush faceColor="{colour}" hatchColor="#000000" alpha="0"/></hc:fillBrush>'
    return (
        f'<hh:borderFill id="{id_}" threeD="0" shadow="0" centerLine="NONE" breakCellSeparateLine="0">'
        '<hh:slash type="NONE" Crooked="0" isCounter="0"/><hh:backSlash type="NONE" Crooked="0" isCounter="0"/>'
        f'{sides}<hh:diagonal type="NONE" width="0.1 mm" color="#000000"/>{brush if colour else ""}</hh:borderFill>'
    )


_PAGE = (
    '<hp:secPr id="" textDirection="HORIZONTAL" spaceColumns="1134" tabStop="8000" outlineShapeIDRef="0" '
    'memoShapeIDRef="0" textVerticalWidthHead="0" masterPageCnt="0"><hp:grid lineGrid="0" charGrid="0" '
    'wonggojiFormat="0"/><hp:startNum pageStartsOn="BOTH" page="0" pic="0" tbl="0" equation="0"/>'
    '<hp:visibility hideFirstHeader="0" hideFirstFooter="0" hideFirstMasterPage="0" border="SHOW_ALL" '
    'fill="SHOW_ALL" hideFirstPageNum="0" hideFirstEmptyLine="0" showLineNumber="0"/>'
    '<hp:pagePr landscape="WIDELY" width="59528" height="84188" gutterType="LEFT_ONLY"><hp:margin header="4251" '
    'footer="2834" gutter="0" left="5669" right="5669" top="4251" bottom="4251"/></hp:pagePr></hp:secPr>'
    '<hp:ctrl><hp:colPr id="" type="NEWSPAPER" layout="LEFT" colCount="1" sameSz="1" sameGap="0"/></hp:ctrl>'
    '<hp:ctrl><hp:pageNum pos="BOTTOM_CENTER" formatType="DIGIT" sideChar="-"/></hp:ctrl>'
)
_VERSION = (
    f'{_XML}<hv:HCFVersion xmlns:hv="http://www.hancom.co.kr/hwpml/2011/version" tagetApplication="WORDPROCESSOR" '
    'major="5" minor="0" micro="5" buildNumber="0" os="1" xmlVersion="1.31" application="dure" appVersion="1"/>'
)
"""`tagetApplication` is written so by the standard."""
_SETTINGS = (
    f'{_XML}<ha:HWPApplicationSetting xmlns:ha="http://www.hancom.co.kr/hwpml/2011/app">'
    '<ha:CaretPosition listIDRef="0" paraIDRef="0" pos="0"/></ha:HWPApplicationSetting>'
)
_CONTAINER = (
    f'{_XML}<ocf:container xmlns:ocf="urn:oasis:names:tc:opendocument:xmlns:container"><ocf:rootfiles>'
    '<ocf:rootfile full-path="Contents/content.hpf" media-type="application/hwpml-package+xml"/>'
    '<ocf:rootfile full-path="Preview/PrvText.txt" media-type="text/plain"/></ocf:rootfiles></ocf:container>'
)
_MANIFEST = f'{_XML}<odf:manifest xmlns:odf="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'


def _package(title: str) -> str:
    items = {"header": "Contents/header.xml", "section0": "Contents/section0.xml", "settings": "settings.xml"}
    listed = "".join(
        f'<opf:item id="{id_}" href="{path}" media-type="application/xml"/>' for id_, path in items.items()
    )
    return (
        f'{_XML}<opf:package xmlns:opf="http://www.idpf.org/2007/opf/" version="" unique-identifier="" id="">'
        f"<opf:metadata><opf:title>{escape(title)}</opf:title><opf:language>ko</opf:language></opf:metadata>"
        f'<opf:manifest>{listed}</opf:manifest><opf:spine><opf:itemref idref="header" linear="yes"/>'
        '<opf:itemref idref="section0" linear="yes"/></opf:spine></opf:package>'
    )
