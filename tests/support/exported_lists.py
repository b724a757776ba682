"""Lists in the shapes that programs export or want. Each names the page where the shape is published; people are made up."""

# ruff: noqa: E501 - the headings of a file are easier to read in one line

from collections.abc import Callable

from tests.support.made_up_people import BRACKETED, PLUS, SPACED, DispatchersList, People, Rows, csv_text

_EIGHT = range(8)


def _shape(headings: str, delimiter: str = ",") -> tuple[list[str], Callable[..., list[object]]]:
    """Return the headings, and a function that makes a row from values by heading."""
    names = headings.split(delimiter)

    def row(**values: object) -> list[object]:
        assert set(values) <= {_key(name) for name in names}, values
        return [values.get(_key(name), "") for name in names]

    return names, row


def _key(heading: str) -> str:
    return "".join(char if char.isalnum() else "_" for char in heading)


def _outlook_all(p: People) -> DispatchersList:
    names, row = _shape(
        "Title,First Name,Middle Name,Last Name,Suffix,Given Name Yomi,Family Name Yomi,Home Street,Home City,Home State,Home Postal Code,"
        "Home Country,Company,Department,Job Title,Office Location,Business Street,Business City,Business State,Business Postal Code,"
        "Business Country,Other Street,Other City,Other State,Other Postal Code,Other Country,Assistant's Phone,Business Fax,Business Phone,"
        "Business Phone 2,Callback,Car Phone,Company Main Phone,Home Fax,Home Phone,Home Phone 2,ISDN,Mobile Phone,Other Fax,Other Phone,"
        "Pager,Primary Phone,Radio Phone,TTY/TDD Phone,Telex,Anniversary,Birthday,E-mail Address,E-mail Type,E-mail 2 Address,"
        "E-mail 2 Type,E-mail 3 Address,E-mail 3 Type,Notes,Spouse,Web Page"
    )
    rows: Rows = [names]
    for place in _EIGHT:
        family, given = p.name().split()
        rows.append(
            row(First_Name=given, Last_Name=family, Company="Склад", Business_Postal_Code="170000", Mobile_Phone=p.mobile(BRACKETED),
                Business_Phone=p.office(BRACKETED) if place % 4 == 0 else "", Car_Phone=p.mobile(PLUS) if place == 3 else "",
                E_mail_Address="a@example.org", E_mail_Type="SMTP", Birthday="1980-05-06")
        )  # fmt: skip
    return p.make_list("https://github.com/michalbe/csv2vcard", "OutlookContacts.csv", csv_text(rows, ","))


def _vicidial_all(p: People) -> DispatchersList:
    names, row = _shape(
        "vendor_lead_code,source_id,list_id,phone_code,phone_number,title,first_name,middle_initial,last_name,address1,address2,address3,"
        "city,state,province,postal_code,country_code,gender,date_of_birth,alt_phone,email,security_phrase,comments"
    )
    rows: Rows = [names]
    for place in _EIGHT:
        family, given = p.name().split()
        rows.append(
            row(vendor_lead_code=900_100 + place, list_id=101, phone_code=7, phone_number=p.mobile("{}"), first_name=given,
                last_name=family, city="Тверь", postal_code=170_000 + place, gender="M", date_of_birth="1980-05-06",
                alt_phone=p.office("{}") if place == 2 else "")
        )  # fmt: skip
    return p.make_list("https://esrot.com/vicidial-guide/upload-lists", "leads.csv", csv_text(rows, ","))


def _vicidial_piped(p: People) -> DispatchersList:
    rows: Rows = [
        [place + 1, "", 101, 7, p.mobile("{}"), "", *p.name().split()[::-1], "Тверь", 170_000 + place]
        for place in _EIGHT
    ]
    return p.make_list("https://esrot.com/vicidial-guide/upload-lists (|)", "leads.txt", csv_text(rows, "|"))


def _nethserver(p: People) -> DispatchersList:
    names, row = _shape(
        "owner_id,type,homeemail,workemail,homephone,workphone,cellphone,fax,title,company,notes,name,homestreet,homepob,homecity,"
        "homeprovince,homepostalcode,homecountry,workstreet,workpob,workcity,workprovince,workpostalcode,workcountry,url,extension,"
        "speeddial_num"
    )
    rows: Rows = [names]
    for place in _EIGHT:
        rows.append(
            row(owner_id="admin", type="speeddial", workphone=p.office("{}") if place % 2 else "", cellphone=p.mobile("{}"),
                company="Склад", name=p.name(), workpostalcode=170_000)
        )  # fmt: skip
    return p.make_list("https://github.com/nethesis/dev/issues/5411", "speeddial.csv", csv_text(rows, ","))


def _yeastar(p: People) -> DispatchersList:
    names, row = _shape(
        "First Name,Last Name,Company Name,Email,Business Number,Business Number 2,Business Fax,Mobile,Mobile 2,Home,Home 2,Home Fax,"
        "Other,ZIP Code,Street,City,State,Country,Remark"
    )
    rows: Rows = [names]
    for place in _EIGHT:
        family, given = p.name().split()
        rows.append(
            row(First_Name=given, Last_Name=family, Mobile=p.mobile("{}"), Business_Number=p.office("8{}") if place % 3 == 0 else "",
                Home=p.office("+7{}") if place == 1 else "", ZIP_Code=170_000)
        )  # fmt: skip
    return p.make_list(
        "https://help.yeastar.com/en/p-series-cloud-edition/administrator-guide/import-and-export-parameters-contacts.html",
        "contacts.csv",
        csv_text(rows, ","),
    )


def _wazo(p: People) -> DispatchersList:
    rows: Rows = [["title", "firstname", "lastname", "displayname", "society", "mobilenumber", "email"]]
    for _ in _EIGHT:
        family, given = p.name().split()
        rows.append(["mr", given, family, f"{family} {given}", "Склад", p.mobile("8{}"), "a@example.org"])
    return p.make_list(
        "https://wazo.readthedocs.io/en/wazo-18.03/administration/directories/csv_file.html",
        "phonebook.csv",
        csv_text(rows, "|"),
    )


def _cisco(p: People) -> DispatchersList:
    rows: Rows = [["Account Number", "First Name", "Last Name", "Phone1", "Phone2", "Phone3", "Dial Time"]]
    for place in _EIGHT:
        family, given = p.name().split()
        rows.append(
            [910_220_000 + place, given, family, p.mobile("8{}"), p.office("8{}") if place % 2 else "", "", "09:30"]
        )
    return p.make_list(
        "https://developer.cisco.com/docs/contact-center-express/data-structure-for-campaign-contacts",
        "campaign.csv",
        csv_text(rows, ","),
    )


def _bitrix_users(p: People) -> DispatchersList:
    names, row = _shape(
        "LAST_NAME;PERSONAL_PHOTO;NAME;SECOND_NAME;WORK_POSITION;EMAIL;PERSONAL_BIRTHDAY;PERSONAL_GENDER;WORK_PHONE;UF_1C_PHONE_INNER;"
        "PERSONAL_MOBILE;PERSONAL_ICQ;LOGIN;IBLOCK_SECTION_NAME_1",
        ";",
    )
    rows: Rows = [names]
    for place in _EIGHT:
        family, given = p.name().split()
        rows.append(
            row(LAST_NAME=family, NAME=given, WORK_POSITION="водитель", PERSONAL_BIRTHDAY="06.05.1980", PERSONAL_GENDER="M",
                PERSONAL_MOBILE=p.mobile(PLUS), LOGIN=f"user{place}", IBLOCK_SECTION_NAME_1="Гараж")
        )  # fmt: skip
    return p.make_list(
        "https://training.bitrix24.com/support/training/course/?COURSE_ID=26&LESSON_ID=1418",
        "users.csv",
        csv_text(rows),
    )


def _google_all(p: People) -> DispatchersList:
    names, row = _shape(
        "Name,Given Name,Additional Name,Family Name,Yomi Name,Given Name Yomi,Additional Name Yomi,Family Name Yomi,Name Prefix,Name Suffix,"
        "Initials,Nickname,Short Name,Maiden Name,Birthday,Gender,Location,Billing Information,Directory Server,Mileage,Occupation,Hobby,"
        "Sensitivity,Priority,Subject,Notes,Language,Photo,Group Membership,E-mail 1 - Type,E-mail 1 - Value,Phone 1 - Type,"
        "Phone 1 - Value,Phone 2 - Type,Phone 2 - Value,Phone 3 - Type,Phone 3 - Value,Address 1 - Type,Address 1 - Postal Code"
    )
    rows: Rows = [names]
    for place in _EIGHT:
        family, given = p.name().split()
        rows.append(
            row(Name=f"{given} {family}", Given_Name=given, Family_Name=family, Group_Membership="* myContacts", Phone_1___Type="Mobile",
                Phone_1___Value=p.mobile(SPACED), Phone_2___Type="Work" if place == 2 else "",
                Phone_2___Value=p.office(SPACED) if place == 2 else "", Address_1___Postal_Code=170_000)
        )  # fmt: skip
    return p.make_list(
        "https://gist.github.com/yrcjaya/d48d14879245fe8c69d4d2e77b7a8933", "google.csv", csv_text(rows, ",")
    )


def _onesignal(p: People) -> DispatchersList:
    rows: Rows = [["phone_number", "external_id", "subscribed", "language", "timezone_id", "country"]]
    for place in _EIGHT:
        off = place == 3
        rows.append([p.mobile(PLUS, paused=off), f"u-{place}", "no" if off else "yes", "ru", "Europe/Moscow", "RU"])
    return p.make_list(
        "https://documentation.onesignal.com/v9.0/docs/import-phone-numbers",
        "sms.csv",
        csv_text(rows, ","),
        is_nameless=True,
    )


def _salesforce(p: People) -> DispatchersList:
    rows: Rows = [["_ContactKey", "_MobileNumber", "_Locale", "_FirstName", "_LastName", "_UTCOffset", "_IsHonorDST"]]
    rows += [[910_330_000 + place, p.mobile("7{}"), "RU", *p.name().split()[::-1], 3, 0] for place in _EIGHT]
    return p.make_list(
        "https://help.salesforce.com/s/articleView?id=mktg.mc_moc_prepare_file_for_import.htm",
        "mobile.csv",
        csv_text(rows, ","),
    )


def _voice_campaign(p: People) -> DispatchersList:
    rows: Rows = [["number", "name", "account_tier", "renewal_date", "account_owner"]]
    rows += [[p.mobile(PLUS), p.name(), "premium", f"2026-09-{1 + place:02}", "Jordan"] for place in _EIGHT]
    return p.make_list("https://docs.vapi.ai/outbound-campaigns/contact-data", "campaign.csv", csv_text(rows, ","))


def _hubspot(p: People) -> DispatchersList:
    rows: Rows = [
        [
            "Email",
            "FirstName",
            "LastName",
            "Birthdate",
            "PhoneNumber",
            "City",
            "Country",
            "Gender",
            "Platform",
            "Stars",
            "SUBSCRIBEDATE",
        ]
    ]
    rows += [
        [
            "a@example.org",
            *p.name().split()[::-1],
            "16/05/1995",
            p.mobile(PLUS),
            "Тверь",
            "RU",
            "M",
            "Y",
            5,
            "01/07/2021",
        ]
        for _ in _EIGHT
    ]
    return p.make_list("https://pastebin.com/qb0hs28A", "platform.csv", csv_text(rows, ","))


def _camel_case(p: People) -> DispatchersList:
    rows: Rows = [
        ["firstName", "lastName", "primaryPhone"],
        *[[*p.name().split()[::-1], p.mobile(PLUS)] for _ in _EIGHT],
    ]
    return p.make_list("https://docs.gomobile.ma/getting-started/import-contacts.md", "people.csv", csv_text(rows, ","))


def _zoho(p: People) -> DispatchersList:
    names, row = _shape(
        "Lead Owner,Salutation,First Name,Title,Last Name,Company,Lead Source,Industry,Annual Revenue,Phone,Mobile,Fax,Email,Skype ID,"
        "Website,Lead Status,Rating,No. of Employees,Email Opt Out,Street,City,State,Zip Code,Country,Description"
    )
    rows: Rows = [names]
    for place in _EIGHT:
        family, given = p.name().split()
        rows.append(
            row(Lead_Owner="Линёв Лев", First_Name=given, Last_Name=family, Company="Склад", Annual_Revenue=1_500_000 + place,
                Phone=p.office(BRACKETED) if place % 4 == 0 else "", Mobile=p.mobile(BRACKETED), Lead_Status="Contacted",
                Email_Opt_Out="true" if place == 1 else "false", Zip_Code=170_000)
        )  # fmt: skip
    return p.make_list("https://www.zoho.com/de/crm/help/api/modules-fields.html", "leads.csv", csv_text(rows, ","))


def _extensions(p: People) -> DispatchersList:
    rows: Rows = [["Full Name", "Primary Phone", "Work Phone", "Home Phone", "Other"]]
    for place in _EIGHT:
        code = f"{place:03}" if place % 2 else ""
        rows.append(
            [
                p.name(),
                p.mobile("8.{0}.{1}.{2}{3}"),
                p.office("8 ({0}) {1}-{2}{3}", code=code) + f"x{code}" * bool(code),
                "",
                "",
            ]
        )
    return p.make_list("https://github.com/Anish9901/csv_to_vcf", "contacts.csv", csv_text(rows, ","))


def _finesse(p: People) -> DispatchersList:
    rows: Rows = [["First Name", "Last Name", "Phone", "Display Name"]]
    for _ in _EIGHT:
        family, given = p.name().split()
        rows.append([given, family, p.mobile("{}"), f"{family} {given}"])
    return p.make_list(
        "https://metacpan.org/pod/distribution/Polycom-Contact-Directory/script/xml_to_csv.pl",
        "directory.csv",
        csv_text(rows, ","),
    )


MAKERS: tuple[Callable[[People], DispatchersList], ...] = (
    _outlook_all, _vicidial_all, _vicidial_piped, _nethserver, _yeastar, _wazo, _cisco, _bitrix_users, _google_all, _onesignal,
    _salesforce, _voice_campaign, _hubspot, _camel_case, _zoho, _extensions, _finesse,
)  # fmt: skip


def exported_lists() -> list[DispatchersList]:
    """Return all lists, each with people of its own."""
    return [make(People()) for make in MAKERS]
